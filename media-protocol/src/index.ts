export * from "./admission.ts";
export * from "./asset.ts";
export * from "./automatic.ts";
export * from "./channel.ts";
export { notifyDesired, notifySessions, readDesired, requestLive, requestOffline } from "./desired.ts";
export type {
  Canvas,
  DesiredAsset,
  DesiredBroadcast,
  DesiredDestination,
  DesiredProgram,
  DesiredSource,
  DesiredStudio,
} from "./desired.ts";
export * from "./event.ts";
export * from "./gauge.ts";
export * from "./lease.ts";
export * from "./observed-program.ts";
export * from "./observed.ts";
export * from "./program-cost.ts";
export * from "./recording.ts";
export * from "./scene.ts";
export * from "./session.ts";
export * from "./snapshot.ts";
export * from "./srt-passphrase.ts";
export * from "./token.ts";
export * from "./watching.ts";

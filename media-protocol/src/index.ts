export * from "./channel.ts";
export * from "./desired.ts";
export * from "./event.ts";
export * from "./gauge.ts";
export * from "./lease.ts";
export * from "./observed.ts";
export * from "./session.ts";
export * from "./token.ts";

export { callbackRoutes } from "./callback.ts";
export { openConnections } from "./connections.ts";
export type { Connections } from "./connections.ts";
export { destinationOf } from "./logic.ts";
export { NotDone } from "./not-done.ts";
export { NotLinked } from "./not-linked.ts";
export { PlatformError } from "./platform.ts";
export type {
  Capabilities,
  ChatAuthor,
  ChatEmote,
  ChatUpdate,
  Platform,
  PlatformClient,
  PlatformSession,
} from "./platform.ts";
export { loadPlatforms, variableOf } from "./registry.ts";
export { connectionHandlers } from "./routes.ts";
export type { OpenSession } from "./sessions.ts";

export { metersWantedEveryMs, wantMeters } from "./meters.ts";
export { playbackHandlers } from "./routes.ts";
export { signallingRoutes } from "./signalling-routes.ts";

export { playbackHandlers } from "./routes.ts";
export { signallingRoutes } from "./signalling-routes.ts";

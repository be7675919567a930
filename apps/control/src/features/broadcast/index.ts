export { broadcastHandlers } from "./routes.ts";
export { shownStatus } from "./shown-status.ts";
export { lockBroadcasts } from "./sql.ts";
export { notifyStudioGone } from "./studio-gone.ts";
export { notifyDesired } from "@trax/media-protocol";

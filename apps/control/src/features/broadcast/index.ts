export { broadcastHandlers } from "./routes.ts";
export { shownStatus } from "./shown-status.ts";
export { notifyStudioGone } from "./studio-gone.ts";
export { holdStudio, isStudio, requireStudio } from "./studio-row.ts";
export { videoNow } from "./video-now.ts";
export { notifyDesired } from "@trax/media-protocol";

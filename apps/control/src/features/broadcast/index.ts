import { channels } from "@trax/media-protocol";
export { broadcastHandlers } from "./routes.ts";
export { deleteRecording, holdRecordingOf } from "./recording-deletion.ts";
export { shownStatus } from "./shown-status.ts";
export { notifyStudioGone } from "./studio-gone.ts";
export { holdStudio, isStudio, requireStudio } from "./studio-row.ts";
export { videoNow } from "./video-now.ts";
export { maskedPassphrase, notifyDesired, passphraseOf, recordDestination, withPassphrase } from "@trax/media-protocol";

/** Told of a studio when what it should be has changed. */
export const desiredChannel = channels.desired;

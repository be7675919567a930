import { z } from "zod";
import { BroadcastId, RecordingId } from "./broadcast.ts";
import { operation } from "./operation.ts";
import { StudioId } from "./studio.ts";

const Mp4 = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

/** What was kept of broadcasts, to take away. */
export const recordingOperations = {
  downloadRecording: operation({
    method: "GET",
    path: "/v1/studios/{id}/broadcasts/{broadcastId}/recordings/{recordingId}/file",
    tag: "Stream",
    summary: "Download a recording",
    description:
      "The file, as `downloadUrl` of the recording names it. `Range` is answered with that part (206), so that a download can go on and a player can seek. While it is being written it is as long as it is by then. A recording that is `failed` or `deleted` has no file: `not_found`. `media_unavailable` when the file is on a node that this one cannot read from.",
    auth: "credential",
    scope: "stream:read",
    write: false,
    params: z.object({ id: StudioId, broadcastId: BroadcastId, recordingId: RecordingId }),
    query: null,
    body: null,
    status: 200,
    response: Mp4,
    contentType: "video/mp4",
    errors: ["range_not_satisfiable", "media_unavailable"],
  }),
} as const;

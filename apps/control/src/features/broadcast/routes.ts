import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { getBroadcast, getStreamStatus, goLive, goOffline, listOfBroadcasts } from "./logic.ts";
import { recordingsOf } from "./recording.ts";

export type BroadcastHandlers = {
  readonly read: Handlers<"getStreamStatus" | "listBroadcasts" | "getBroadcast" | "downloadRecording">;
  readonly goLive: Handlers<"goLive" | "goOffline">;
};

export function broadcastHandlers({ config, cursors }: Pick<Services, "config" | "cursors">): BroadcastHandlers {
  const recordings = recordingsOf(config);
  return {
    read: {
      getStreamStatus: ({ db, accountId, params }) => getStreamStatus(db, accountId, params.id),
      listBroadcasts: ({ db, accountId, params, query }) =>
        listOfBroadcasts(db, accountId, params.id, { cursors, recordings }, query),
      getBroadcast: ({ db, accountId, params }) =>
        getBroadcast(db, accountId, params.id, params.broadcastId, recordings),
      downloadRecording: ({ db, accountId, params: { id, broadcastId, recordingId } }) =>
        recordings.file(db, accountId, { studioId: id, broadcastId, recordingId }),
    },
    goLive: {
      goLive: ({ db, accountId, params, body }) => goLive(db, accountId, params.id, body),
      goOffline: ({ db, accountId, params }) => goOffline(db, accountId, params.id),
    },
  };
}

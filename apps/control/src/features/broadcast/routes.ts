import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { getBroadcast, getStreamStatus, goLive, goOffline, listOfBroadcasts } from "./logic.ts";

export type BroadcastHandlers = {
  readonly read: Handlers<"getStreamStatus" | "listBroadcasts" | "getBroadcast">;
  readonly goLive: Handlers<"goLive" | "goOffline">;
};

export function broadcastHandlers({ cursors }: Pick<Services, "cursors">): BroadcastHandlers {
  return {
    read: {
      getStreamStatus: ({ db, accountId, params }) => getStreamStatus(db, accountId, params.id),
      listBroadcasts: ({ db, accountId, params, query }) => listOfBroadcasts(db, accountId, params.id, cursors, query),
      getBroadcast: ({ db, accountId, params }) => getBroadcast(db, accountId, params.id, params.broadcastId),
    },
    goLive: {
      goLive: ({ db, accountId, params, body }) => goLive(db, accountId, params.id, body),
      goOffline: ({ db, accountId, params }) => goOffline(db, accountId, params.id),
    },
  };
}

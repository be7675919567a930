import type { Snapshot } from "@trax/media-protocol";
import { ApiError, notFound } from "../../kernel/errors.ts";
import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { requireComposed } from "./composed.ts";
import { openSnapshots } from "./snapshots.ts";
import { sourceState } from "./sql.ts";

export type PlaybackHandlers = {
  readonly program: Handlers<"getProgramSnapshot">;
  readonly source: Handlers<"getSourceSnapshot">;
};

export function playbackHandlers({ database, eventFeed }: Pick<Services, "database" | "eventFeed">): PlaybackHandlers {
  const snapshots = openSnapshots(database, eventFeed);
  const shown = ({ jpeg, takenAt }: Snapshot, setHeader: (name: string, value: string) => void): Uint8Array => {
    setHeader("x-taken-at", takenAt.toISOString());
    setHeader("last-modified", takenAt.toUTCString());
    return jpeg;
  };
  return {
    program: {
      getProgramSnapshot: async ({ db, accountId, params, setHeader }) => {
        const studioId = params.id;
        await requireComposed(db, accountId, studioId);
        return shown(await snapshots.take({ accountId, studioId, of: `program:${studioId}` }), setHeader);
      },
    },
    source: {
      getSourceSnapshot: async ({ db, accountId, params, setHeader }) => {
        const { id: studioId, sourceId } = params;
        const source = await sourceState(db, accountId, studioId, sourceId);
        if (source === undefined) throw notFound("source");
        // What a program opens by itself may only not be open yet.
        if (source.kind === "ingest" && source.status === "offline")
          throw new ApiError("conflict", "The source is offline: nobody publishes it.");
        if (source.kind === "ingest" && source.status === "error")
          throw new ApiError("conflict", "What arrives of the source cannot be shown.");
        await requireComposed(db, accountId, studioId);
        return shown(await snapshots.take({ accountId, studioId, of: `source:${sourceId}` }), setHeader);
      },
    },
  };
}

import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { ingestAddress } from "./ingest.ts";
import { createSource, deleteSource, getSource, listOfSources, updateSource } from "./logic.ts";
import { createPublishSession, listOfSessions, revokeSession } from "./sessions.ts";

export type SourceHandlers = {
  readonly read: Handlers<"listSources" | "getSource" | "listMediaSessions">;
  readonly write: Handlers<
    "createSource" | "updateSource" | "deleteSource" | "createMediaSession" | "revokeMediaSession"
  >;
};

export function sourceHandlers({ config, cursors }: Pick<Services, "config" | "cursors">): SourceHandlers {
  const address = ingestAddress(config);
  return {
    read: {
      listSources: ({ db, accountId, params, query }) => listOfSources(db, accountId, params.id, cursors, query),
      getSource: ({ db, accountId, params }) => getSource(db, accountId, params.id, params.sourceId),
      listMediaSessions: ({ db, accountId, params, query }) => listOfSessions(db, accountId, params.id, cursors, query),
    },
    write: {
      createSource: ({ db, accountId, params, body }) => createSource(db, accountId, params.id, address, body),
      updateSource: ({ db, accountId, params, body }) => updateSource(db, accountId, params.id, params.sourceId, body),
      deleteSource: ({ db, accountId, params }) => deleteSource(db, accountId, params.id, params.sourceId),
      createMediaSession: ({ db, accountId, params, body }) =>
        createPublishSession(db, accountId, params.id, address, body),
      revokeMediaSession: ({ db, accountId, params }) => revokeSession(db, accountId, params.id, params.sessionId),
    },
  };
}

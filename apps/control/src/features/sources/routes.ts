import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { createSource, deleteSource, getSource, listOfSources, updateSource } from "./logic.ts";
import { mediaAddress } from "./media-address.ts";
import { createSession, listOfSessions, revokeSession } from "./sessions.ts";

export type SourceHandlers = {
  readonly read: Handlers<"listSources" | "getSource" | "listMediaSessions">;
  readonly write: Handlers<"createSource" | "updateSource" | "deleteSource">;
  /** What they need depends on the session's role. */
  readonly sessions: Handlers<"createMediaSession" | "revokeMediaSession">;
};

export function sourceHandlers({ config, cursors }: Pick<Services, "config" | "cursors">): SourceHandlers {
  const address = mediaAddress(config);
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
    },
    sessions: {
      createMediaSession: ({ db, principal, params, body }) => createSession(db, principal, params.id, address, body),
      revokeMediaSession: ({ db, principal, params }) => revokeSession(db, principal, params.id, params.sessionId),
    },
  };
}

import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import {
  checkCreate,
  checkUpdate,
  createSource,
  deleteSource,
  getSource,
  listOfSources,
  updateSource,
} from "./logic.ts";
import { mediaAddress } from "./media-address.ts";
import { createSession, listOfSessions, revokeSession } from "./sessions.ts";
import type { AddressRules } from "./source-url.ts";

export type SourceHandlers = {
  readonly read: Handlers<"listSources" | "getSource" | "listMediaSessions">;
  readonly write: Handlers<"createSource" | "updateSource" | "deleteSource">;
  /** What they need depends on the session's role. */
  readonly sessions: Handlers<"createMediaSession" | "revokeMediaSession">;
};

/** @param resolve Name to IP literals; the system's resolver unless given. */
export function sourceHandlers(
  { config, cursors, vault }: Pick<Services, "config" | "cursors" | "vault">,
  resolve?: AddressRules["resolve"],
): SourceHandlers {
  const address = mediaAddress(config);
  const rules: AddressRules = {
    allowedNetworks: config.TRAX_ALLOWED_NETWORKS,
    ...(resolve === undefined ? {} : { resolve }),
  };
  return {
    read: {
      listSources: ({ db, accountId, params, query }) => listOfSources(db, accountId, params.id, vault, cursors, query),
      getSource: ({ db, accountId, params }) => getSource(db, accountId, params.id, params.sourceId, vault),
      listMediaSessions: ({ db, accountId, params, query }) => listOfSessions(db, accountId, params.id, cursors, query),
    },
    write: {
      createSource: {
        check: ({ database, accountId, params, body }) => checkCreate(database, accountId, params.id, rules, body),
        run: ({ db, accountId, params, body }) => createSource(db, accountId, params.id, vault, address, body),
      },
      updateSource: {
        check: ({ database, accountId, params, body }) =>
          checkUpdate(database, accountId, params.id, params.sourceId, rules, body),
        run: ({ db, accountId, params, body }) => updateSource(db, accountId, params.id, params.sourceId, vault, body),
      },
      deleteSource: ({ db, accountId, params }) => deleteSource(db, accountId, params.id, params.sourceId),
    },
    sessions: {
      createMediaSession: ({ db, principal, params, body }) => createSession(db, principal, params.id, address, body),
      revokeMediaSession: ({ db, principal, params }) => revokeSession(db, principal, params.id, params.sessionId),
    },
  };
}

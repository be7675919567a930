import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { createKey, listOfKeys, revokeKey, rotateKey } from "./logic.ts";

export function keyHandlers({ cursors }: Pick<Services, "cursors">): {
  readonly session: Handlers<"listKeys" | "createKey" | "rotateKey" | "revokeKey">;
} {
  return {
    session: {
      listKeys: ({ db, principal, query }) => listOfKeys(db, principal, cursors, query),
      createKey: ({ db, principal, body }) => createKey(db, principal, body),
      rotateKey: ({ db, principal, params, body }) => rotateKey(db, principal, params.id, body.overlapSeconds),
      revokeKey: ({ db, principal, params }) => revokeKey(db, principal, params.id),
    },
  };
}

import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { createStudio, deleteStudio, getStudio, listOfStudios, updateStudio } from "./logic.ts";

export type StudioHandlers = {
  readonly read: Handlers<"listStudios" | "getStudio">;
  readonly write: Handlers<"createStudio" | "updateStudio" | "deleteStudio">;
};

export function studioHandlers({ cursors }: Pick<Services, "cursors">): StudioHandlers {
  return {
    read: {
      listStudios: ({ db, accountId, query }) => listOfStudios(db, accountId, cursors, query),
      getStudio: ({ db, accountId, params }) => getStudio(db, accountId, params.id),
    },
    write: {
      createStudio: ({ db, accountId, body }) => createStudio(db, accountId, body),
      updateStudio: ({ db, accountId, params, body }) => updateStudio(db, accountId, params.id, body),
      deleteStudio: ({ db, accountId, params }) => deleteStudio(db, accountId, params.id),
    },
  };
}

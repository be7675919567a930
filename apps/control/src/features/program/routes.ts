import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { getProgram, previewProgram, setOverlays, takeProgram } from "./program.ts";
import { createScene, deleteScene, getScene, listOfScenes, updateScene } from "./scenes.ts";
import { openShownWait } from "./shown.ts";

export type ProgramHandlers = {
  readonly read: Handlers<"listScenes" | "getScene" | "getProgram">;
  readonly write: Handlers<
    "createScene" | "updateScene" | "deleteScene" | "takeProgram" | "previewProgram" | "setOverlays"
  >;
};

export function programHandlers({
  cursors,
  database,
  eventFeed,
}: Pick<Services, "cursors" | "database" | "eventFeed">): ProgramHandlers {
  const untilShown = openShownWait(database, eventFeed);
  return {
    read: {
      listScenes: ({ db, accountId, params, query }) => listOfScenes(db, accountId, params.id, cursors, query),
      getScene: ({ db, accountId, params }) => getScene(db, accountId, params.id, params.sceneId),
      getProgram: ({ db, accountId, params }) => getProgram(db, accountId, params.id),
    },
    write: {
      createScene: ({ db, accountId, params, body }) => createScene(db, accountId, params.id, body),
      updateScene: ({ db, accountId, params, body }) => updateScene(db, accountId, params.id, params.sceneId, body),
      deleteScene: ({ db, accountId, params }) => deleteScene(db, accountId, params.id, params.sceneId),
      takeProgram: ({ db, accountId, params, body }) => takeProgram(db, accountId, params.id, body, untilShown),
      previewProgram: ({ db, accountId, params, body }) => previewProgram(db, accountId, params.id, body.sceneId),
      setOverlays: ({ db, accountId, params, body }) => setOverlays(db, accountId, params.id, body.overlays),
    },
  };
}

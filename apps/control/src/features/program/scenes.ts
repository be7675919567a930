import type { ResponseOf, Scene, SceneCreate, SceneUpdate, operations } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { notifyDesired } from "@trax/media-protocol";
import { ApiError, notFound } from "../../kernel/errors.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { holdStudio, requireStudio } from "../broadcast/index.ts";
import { appendProgramChanged } from "./changed.ts";
import { missingOf, requireNamed } from "./named-things.ts";
import { requirePictures } from "./pictures.ts";
import { readProgram } from "./program-sql.ts";
import { contentOf, mergedContent, namedIn, picturesIn } from "./scene-content.ts";
import * as rows from "./scene-sql.ts";
import type { SceneRow } from "./scene-sql.ts";

// Lists are copied because the contract's are not read-only.
function sceneOf({ id, studioId, name, content, createdAt, updatedAt }: SceneRow, missing: ReadonlySet<string>): Scene {
  const named = new Set(namedIn(content).flatMap(({ sourceId, assetId }) => [sourceId ?? [], assetId ?? []].flat()));
  return {
    id,
    studioId,
    name,
    preset: content.preset,
    slots: [...content.slots],
    layers: content.layers.map((layer) => ({ ...layer, muted: layer.muted ?? false })),
    audio: [...content.audio],
    audioFollowsVideo: content.audioFollowsVideo,
    missingIds: [...named].filter((one) => missing.has(one)),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** Scenes of one studio, with what of them is missing. */
async function shown(
  db: Queryable,
  accountId: string,
  studioId: string,
  scenes: readonly SceneRow[],
): Promise<(row: SceneRow) => Scene> {
  const named = scenes.flatMap(({ content }) => namedIn(content));
  const missing = await missingOf(db, accountId, studioId, named);
  return (row) => sceneOf(row, missing);
}

export async function listOfScenes(
  db: Queryable,
  accountId: string,
  studioId: string,
  cursors: Cursors,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ResponseOf<(typeof operations)["listScenes"]>> {
  const list = { list: "scenes", accountId, parentId: studioId };
  const below = cursors.read(list, query.cursor);
  const found = await rows.listScenes(db, accountId, studioId, { below, limit: query.limit + 1 });
  if (found.length === 0) await requireStudio(db, accountId, studioId);
  const isCut = found.length < (found[0]?.found ?? 0);
  return pageOf(
    found,
    isCut ? found.length - 1 : query.limit,
    (id) => cursors.write(list, id),
    await shown(db, accountId, studioId, found),
  );
}

export async function getScene(db: Queryable, accountId: string, studioId: string, sceneId: string): Promise<Scene> {
  const row = await rows.findScene(db, accountId, studioId, sceneId);
  if (row === undefined) throw notFound("scene");
  return (await shown(db, accountId, studioId, [row]))(row);
}

export async function createScene(
  db: Queryable,
  accountId: string,
  studioId: string,
  given: SceneCreate,
): Promise<Scene> {
  requirePictures(picturesIn(given));
  await holdStudio(db, accountId, studioId);
  await requireNamed(db, accountId, studioId, namedIn(given));
  const row = await rows.insertScene(db, accountId, studioId, { name: given.name, content: contentOf(given) });
  if (row === undefined) throw new Error("a scene that was inserted is not there");
  return (await shown(db, accountId, studioId, [row]))(row);
}

/** Changes a scene; on air or previewed, it is shown as it is now, by one frame to the next. */
export async function updateScene(
  db: Queryable,
  accountId: string,
  studioId: string,
  sceneId: string,
  patch: SceneUpdate,
): Promise<Scene> {
  requirePictures(picturesIn(patch));
  await holdStudio(db, accountId, studioId);
  const before = await rows.findScene(db, accountId, studioId, sceneId);
  if (before === undefined) throw notFound("scene");
  await requireNamed(db, accountId, studioId, namedIn(patch), namedIn(before.content));
  const row = await rows.replaceScene(db, accountId, studioId, sceneId, {
    name: patch.name ?? before.name,
    content: mergedContent(before.content, patch),
  });
  if (row === undefined) throw notFound("scene");
  const program = await readProgram(db, accountId, studioId);
  if (sceneId === program.sceneId || sceneId === program.previewSceneId) await notifyDesired(db, studioId);
  if (sceneId === program.sceneId) await appendProgramChanged(db, accountId, studioId, program);
  return (await shown(db, accountId, studioId, [row]))(row);
}

export async function deleteScene(db: Queryable, accountId: string, studioId: string, sceneId: string): Promise<void> {
  await holdStudio(db, accountId, studioId);
  if (!(await rows.isScene(db, accountId, studioId, sceneId))) throw notFound("scene");
  const program = await readProgram(db, accountId, studioId);
  if (sceneId === program.sceneId)
    throw new ApiError("conflict", "This scene is on the program: take another one first.");
  if (sceneId === program.previewSceneId)
    throw new ApiError("conflict", "This scene is previewed: preview another one, or none, first.");
  await rows.deleteScene(db, accountId, studioId, sceneId);
}

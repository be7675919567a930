import type { OverlayInput, Program, TakeProgram, Taken } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { notifyDesired } from "@trax/media-protocol";
import { ApiError, invalidRequest } from "../../kernel/errors.ts";
import { LaterAnswer } from "../../kernel/later-answer.ts";
import { holdStudio } from "../broadcast/index.ts";
import { appendProgramChanged } from "./changed.ts";
import { missingOf, requireNamed } from "./named-things.ts";
import { withIds } from "./part-ids.ts";
import { requirePictures } from "./pictures.ts";
import * as rows from "./program-sql.ts";
import type { ProgramRow } from "./program-sql.ts";
import { isScene } from "./scene-sql.ts";
import type { UntilShown } from "./shown.ts";

async function programOf(db: Queryable, accountId: string, studioId: string, row: ProgramRow): Promise<Program> {
  const named = row.overlays.map(({ assetId }) => ({ path: "", assetId }));
  const missingIds = [...(await missingOf(db, accountId, studioId, named))];
  const { mode, sceneId, previewSceneId, onSlate } = row;
  const transition = { type: row.transition, durationMs: row.transitionMs };
  const overlays = row.overlays.map((overlay) => ({ ...overlay, timeZone: overlay.timeZone ?? null }));
  return { mode, sceneId, previewSceneId, onSlate, overlays, missingIds, transition };
}

export async function getProgram(db: Queryable, accountId: string, studioId: string): Promise<Program> {
  return programOf(db, accountId, studioId, await rows.readProgram(db, accountId, studioId));
}

/** Reads the program as it was just written, and tells of it. */
async function changed(tx: Queryable, accountId: string, studioId: string): Promise<ProgramRow> {
  const program = await rows.readProgram(tx, accountId, studioId);
  await notifyDesired(tx, studioId);
  await appendProgramChanged(tx, accountId, studioId, program);
  return program;
}

async function requireScene(db: Queryable, accountId: string, studioId: string, sceneId: string | null): Promise<void> {
  if (sceneId === null || (await isScene(db, accountId, studioId, sceneId))) return;
  const details = [{ path: "body.sceneId", message: "must be a scene of this studio" }];
  throw invalidRequest("The body names what is not there.", details);
}

const fadeMs = 500;

/** Sets the scene; where a program runs, the answer follows once it is shown. */
export async function takeProgram(
  tx: Queryable,
  accountId: string,
  studioId: string,
  { sceneId: asked, transition, durationMs = fadeMs }: TakeProgram,
  untilShown: UntilShown,
): Promise<Taken | LaterAnswer<Taken>> {
  await holdStudio(tx, accountId, studioId);
  const sceneId = asked === undefined ? (await rows.readProgram(tx, accountId, studioId)).previewSceneId : asked;
  if (sceneId === null && asked === undefined)
    throw new ApiError("conflict", "No scene is previewed: preview one, or name the one to take.");
  await requireScene(tx, accountId, studioId, sceneId);
  const look = { transition, durationMs: transition === "cut" ? 0 : durationMs };
  const take = await rows.writeTake(tx, accountId, studioId, { sceneId, ...look });
  const { running } = await changed(tx, accountId, studioId);
  if (!running) return { sceneId, at: null };
  return new LaterAnswer(async () => ({ sceneId, at: await untilShown(accountId, studioId, take) }));
}

export async function previewProgram(
  tx: Queryable,
  accountId: string,
  studioId: string,
  sceneId: string | null,
): Promise<Program> {
  await holdStudio(tx, accountId, studioId);
  await requireScene(tx, accountId, studioId, sceneId);
  await rows.writePreview(tx, accountId, studioId, sceneId);
  return programOf(tx, accountId, studioId, await changed(tx, accountId, studioId));
}

export async function setOverlays(
  tx: Queryable,
  accountId: string,
  studioId: string,
  given: readonly OverlayInput[],
): Promise<Program> {
  requirePictures(given.map(({ url }, index) => ({ path: `overlays.${index}`, url })));
  await holdStudio(tx, accountId, studioId);
  const assetKinds = ["image"] as const;
  const named = given.map(({ assetId }, index) => ({ path: `overlays.${index}`, assetId, assetKinds }));
  const { overlays } = await rows.readProgram(tx, accountId, studioId);
  await requireNamed(
    tx,
    accountId,
    studioId,
    named,
    overlays.map(({ assetId }) => ({ path: "", assetId })),
  );
  await rows.writeOverlays(tx, accountId, studioId, withIds(given));
  return programOf(tx, accountId, studioId, await changed(tx, accountId, studioId));
}

import type { ResponseOf, Studio, StudioCreate, StudioUpdate, operations } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { ApiError, invalidRequest, notFound } from "../../kernel/errors.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { holdStudio, notifyDesired, notifyStudioGone } from "../broadcast/index.ts";
import { wrongAssets } from "../media-library/index.ts";
import { sourcesAmong } from "../sources/index.ts";
import * as rows from "./sql.ts";

export async function listOfStudios(
  db: Queryable,
  accountId: string,
  cursors: Cursors,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ResponseOf<(typeof operations)["listStudios"]>> {
  const list = { list: "studios", accountId };
  const below = cursors.read(list, query.cursor);
  const found = await rows.listStudios(db, accountId, { below, limit: query.limit + 1 });
  return pageOf(
    found,
    query.limit,
    (id) => cursors.write(list, id),
    (row) => row.studio,
  );
}

export async function getStudio(db: Queryable, accountId: string, studioId: string): Promise<Studio> {
  const studio = await rows.findStudio(db, accountId, studioId);
  if (studio === undefined) throw notFound("studio");
  return studio;
}

export async function createStudio(
  db: Queryable,
  accountId: string,
  { name, ...settings }: StudioCreate,
): Promise<Studio> {
  const id = await rows.insertStudio(db, accountId, name);
  return updateStudio(db, accountId, id, settings);
}

type ProgramPatch = NonNullable<StudioUpdate["program"]>;
type SlatePatch = NonNullable<StudioUpdate["slate"]>;

async function requireSources(
  db: Queryable,
  accountId: string,
  studioId: string,
  { sourceId, fallbackSourceIds = [] }: ProgramPatch,
  before: Studio["program"],
): Promise<void> {
  const named = [
    ...(typeof sourceId === "string" ? [{ path: "sourceId", id: sourceId }] : []),
    ...fallbackSourceIds.map((id, index) => ({ path: `fallbackSourceIds.${index}`, id })),
  ];
  if (named.length === 0) return;
  const ids = named.map(({ id }) => id);
  const known = new Set(await sourcesAmong(db, accountId, studioId, ids));
  // What it names already may be sent back, though it is not there any more.
  for (const id of [before.sourceId ?? [], before.fallbackSourceIds].flat()) known.add(id);
  const details = named
    .filter(({ id }) => !known.has(id))
    .map(({ path }) => ({ path: `body.program.${path}`, message: "must be a source of this studio" }));
  if (details.length > 0) throw invalidRequest("The body names what is not there.", details);
}

/** A slate is a picture: a still, or a clip. */
async function requireSlate(
  db: Queryable,
  accountId: string,
  { assetId }: SlatePatch,
  before: Studio["slate"],
): Promise<void> {
  if (typeof assetId !== "string") return;
  const named = [{ path: "body.slate.assetId", assetId, kinds: ["image", "video"] as const }];
  const details = await wrongAssets(db, accountId, named, new Set([before.assetId ?? ""]));
  if (details.length > 0) throw invalidRequest("The slate's asset cannot be shown.", details);
}

function requireCanvas({ width, height }: Studio["program"]): void {
  if (Math.max(width, height) <= 1920 && Math.min(width, height) <= 1080) return;
  throw invalidRequest("The program would be too large.", [
    { path: "body.program", message: `${width}x${height} is more than 1920x1080 or 1080x1920` },
  ]);
}

/** What a program that runs was made with. */
const fixedWhileLive = ["mode", "width", "height", "frameRate", "videoBitrate", "audioBitrate"] as const;

export async function updateStudio(
  db: Queryable,
  accountId: string,
  studioId: string,
  patch: StudioUpdate,
): Promise<Studio> {
  await holdStudio(db, accountId, studioId);
  const before = await getStudio(db, accountId, studioId);
  if (patch.program !== undefined) await requireSources(db, accountId, studioId, patch.program, before.program);
  if (patch.slate !== undefined) await requireSlate(db, accountId, patch.slate, before.slate);
  const studio = await rows.updateStudio(db, accountId, studioId, patch);
  if (studio === undefined) throw notFound("studio");
  const changed = fixedWhileLive.filter((name) => studio.program[name] !== before.program[name]);
  // One from before there was a limit may be renamed all the same.
  if (changed.length > 0) requireCanvas(studio.program);
  if (changed.length > 0 && (await rows.hasOpenBroadcast(db, accountId, studioId)))
    throw new ApiError("studio_live", `Not while the studio is live: ${changed.join(", ")}.`);
  const { name: _, ...settings } = patch;
  if (Object.keys(settings).length > 0) await notifyDesired(db, studioId);
  return studio;
}

/** Deletes a studio that is at rest; its publishers and followers are disconnected. */
export async function deleteStudio(db: Queryable, accountId: string, studioId: string): Promise<void> {
  await holdStudio(db, accountId, studioId);
  const state = await rows.readState(db, accountId, studioId);
  if (state !== "offline" || (await rows.hasOpenBroadcast(db, accountId, studioId))) throw new ApiError("studio_live");
  await rows.deleteStudio(db, accountId, studioId);
  await notifyStudioGone(db, studioId);
}

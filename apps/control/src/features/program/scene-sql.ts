import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import type { SceneContent } from "@trax/media-protocol";

export type SceneRow = {
  readonly id: string;
  readonly studioId: string;
  readonly name: string;
  readonly content: SceneContent;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

const columns = sql`id, studio_id as "studioId", name, content, created_at as "createdAt", updated_at as "updatedAt"`;

/** A page's scenes may have this many bytes together, so that pictures in them do not make an answer of hundreds of MB. */
const pageBytes = 4_000_000;

/**
 * The studio's scenes below an id, newest first. `found` is how many there were
 * within the limit, before those were left out that would make it too large;
 * two are answered whatever their size.
 */
export async function listScenes(
  db: Queryable,
  accountId: string,
  studioId: string,
  page: { readonly below: string | null; readonly limit: number },
): Promise<(SceneRow & { readonly found: number })[]> {
  const below = page.below === null ? sql`` : sql`and id < ${page.below}`;
  return db.query<SceneRow & { found: number }>(sql`
    with page as (
      select * from scenes where account_id = ${accountId} and studio_id = ${studioId} ${below}
      order by id desc limit ${page.limit}),
    measured as (
      select *, count(*) over () as found, row_number() over newest as place,
        sum(pg_column_size(content)) over newest - pg_column_size(content) as bytes_before
      from page window newest as (order by id desc))
    select ${columns}, found from measured where bytes_before < ${pageBytes} or place <= 2 order by id desc`);
}

export async function findScene(
  db: Queryable,
  accountId: string,
  studioId: string,
  sceneId: string,
): Promise<SceneRow | undefined> {
  const [row] = await db.query<SceneRow>(sql`
    select ${columns} from scenes where account_id = ${accountId} and studio_id = ${studioId} and id = ${sceneId}`);
  return row;
}

/** Whether the studio has the scene, without reading what is in it. */
export async function isScene(db: Queryable, accountId: string, studioId: string, sceneId: string): Promise<boolean> {
  const rows = await db.query(
    sql`select from scenes where account_id = ${accountId} and studio_id = ${studioId} and id = ${sceneId}`,
  );
  return rows.length > 0;
}

/** The caller holds the studio. */
export async function insertScene(
  db: Queryable,
  accountId: string,
  studioId: string,
  scene: { readonly name: string; readonly content: SceneContent },
): Promise<SceneRow | undefined> {
  const [row] = await db.query<SceneRow>(sql`
    insert into scenes (id, account_id, studio_id, name, content)
    values (${newId("scene")}, ${accountId}, ${studioId}, ${scene.name}, ${JSON.stringify(scene.content)}::jsonb)
    returning ${columns}`);
  return row;
}

export async function replaceScene(
  db: Queryable,
  accountId: string,
  studioId: string,
  sceneId: string,
  scene: { readonly name: string; readonly content: SceneContent },
): Promise<SceneRow | undefined> {
  const [row] = await db.query<SceneRow>(sql`
    update scenes set name = ${scene.name}, content = ${JSON.stringify(scene.content)}::jsonb, updated_at = now()
    where account_id = ${accountId} and studio_id = ${studioId} and id = ${sceneId}
    returning ${columns}`);
  return row;
}

export async function deleteScene(db: Queryable, accountId: string, studioId: string, sceneId: string): Promise<void> {
  await db.query(
    sql`delete from scenes where account_id = ${accountId} and studio_id = ${studioId} and id = ${sceneId}`,
  );
}

import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";

const batch = 10_000;

/** Puts so many clips into an account's library, past the API, ready and with all the files that a clip has. */
export async function seedAssets(db: Queryable, accountId: string, count: number): Promise<void> {
  for (let made = 0; made < count; made += batch) {
    const ids = Array.from({ length: Math.min(batch, count - made) }, () => newId("asset"));
    await db.query(sql`
      insert into assets (id, account_id, name, kind, content_type, size_bytes, sha256, status, progress, duration_ms,
        width, height, object_key, rendition_key, thumbnail_key, waveform_key)
      select id, ${accountId}, 'Clip ' || (${made} + n) || '.mp4', 'video', 'video/mp4', 1048576, repeat('ab', 32), 'ready',
        100, 12000, 1920, 1080, 'assets/' || id || '/original', 'assets/' || id || '/rendition.mp4',
        'assets/' || id || '/thumbnail.jpg', 'assets/' || id || '/waveform.json'
      from unnest(${ids}::text[]) with ordinality as seeded (id, n)`);
  }
  await db.query(sql`vacuum analyze assets`);
}

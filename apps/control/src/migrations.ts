import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import sql, { raw } from "sql-template-tag";
import type { Database, Queryable } from "@trax/foundation/database";

/**
 * Forward-only migrations: plain SQL files, numbered from 0001 without gaps,
 * each applied in a transaction of its own. Why this is ours: docs/adr/0007.
 */
export type Migration = {
  readonly number: number;
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
};

const shape = /^(\d{4})_[a-z0-9_]+\.sql$/;

/** The migrations in a directory, in order. Throws for a file that is none, and for a gap in the numbers. */
export async function migrationsIn(directory: URL): Promise<Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const number = Number(shape.exec(name)?.[1] ?? Number.NaN);
      if (number !== index + 1)
        throw new Error(`migrations/${name}: expected ${String(index + 1).padStart(4, "0")}_<name>.sql`);
      const text = await readFile(new URL(name, directory), "utf8");
      return { number, name, text, checksum: createHash("sha256").update(text).digest("hex") };
    }),
  );
}

/** Applies what is missing and answers its names. Refuses a database whose applied migrations are not these. */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<string[]> {
  const applied: string[] = [];
  await database.transaction(async (tx) => {
    await lock(tx);
    await tx.query(sql`
      create table if not exists schema_migrations (
        number int primary key, name text not null, checksum text not null, applied_at timestamptz not null default now())`);
    await check(tx, migrations);
  });
  for (const migration of migrations) {
    const isNew = await database.transaction(async (tx) => {
      await lock(tx);
      const [known] = await tx.query(sql`select from schema_migrations where number = ${migration.number}`);
      if (known !== undefined) return false;
      await tx.query(raw(migration.text));
      await tx.query(sql`
        insert into schema_migrations (number, name, checksum) values (${migration.number}, ${migration.name}, ${migration.checksum})`);
      return true;
    });
    if (isNew) applied.push(migration.name);
  }
  return applied;
}

/** One at a time, whoever else starts now. */
async function lock(tx: Queryable): Promise<void> {
  await tx.query(sql`select pg_advisory_xact_lock(5200)`);
}

async function check(tx: Queryable, migrations: readonly Migration[]): Promise<void> {
  const rows = await tx.query<{ number: number; name: string; checksum: string }>(
    sql`select number, name, checksum from schema_migrations order by number`,
  );
  for (const row of rows) {
    const ours = migrations[row.number - 1];
    if (ours === undefined) throw new Error(`the database is newer than this TRaX: it has migration ${row.name}`);
    if (ours.name !== row.name || ours.checksum !== row.checksum) {
      throw new Error(
        `migrations/${ours.name} is not what was applied as ${row.name}: write a new migration, never change one`,
      );
    }
  }
}

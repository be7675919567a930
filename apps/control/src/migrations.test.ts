import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, test } from "node:test";
import { openDatabase } from "@trax/foundation/database";
import type { Database } from "@trax/foundation/database";
import sql from "sql-template-tag";
import { migrate, migrationsIn } from "./migrations.ts";
import { startPostgres } from "./testing/postgres.ts";
import type { TestPostgres } from "./testing/postgres.ts";

let postgres: TestPostgres;
let database: Database;
const ours = new URL("../../../migrations/", import.meta.url);

before(async () => {
  postgres = await startPostgres();
  database = openDatabase(postgres.url, { onError: () => undefined });
});
after(async () => {
  await database.close();
  await postgres[Symbol.asyncDispose]();
});

test("migrating again does nothing, also many at once", async () => {
  const migrations = await migrationsIn(ours);
  const answers = await Promise.all(Array.from({ length: 5 }, () => migrate(database, migrations)));
  assert.deepEqual(answers.flat(), []);
});

test("a new migration is applied once by whoever comes first; one that fails leaves nothing", async () => {
  const migrations = await migrationsIn(ours);
  const number = migrations.length + 1;
  const good = {
    number,
    name: "good.sql",
    text: "create table good (n int); insert into good values (1);",
    checksum: "good",
  };
  const answers = await Promise.all(Array.from({ length: 3 }, () => migrate(database, [...migrations, good])));
  assert.deepEqual(answers.flat(), ["good.sql"]);
  const bad = {
    number: number + 1,
    name: "bad.sql",
    text: "create table bad (n int); select nonsense;",
    checksum: "bad",
  };
  await assert.rejects(migrate(database, [...migrations, good, bad]), /nonsense/);
  assert.deepEqual(await database.query(sql`select to_regclass('bad') as bad`), [{ bad: null }]);
});

test("a changed migration, and a database that is newer, are refused", async () => {
  const migrations = await migrationsIn(ours);
  const changed = migrations.map((one, index) => (index === 0 ? { ...one, checksum: "other" } : one));
  await assert.rejects(migrate(database, changed), /0001_\w+\.sql is not what was applied/);
  await assert.rejects(migrate(database, migrations), /newer than this TRaX/);
});

test("a gap in the numbers is refused", async () => {
  const directory = await mkdtemp(join(tmpdir(), "trax-migrations-"));
  try {
    await writeFile(join(directory, "0002_second.sql"), "select 1");
    await assert.rejects(migrationsIn(pathToFileURL(`${directory}/`)), /expected 0001_/);
  } finally {
    await rm(directory, { recursive: true });
  }
});

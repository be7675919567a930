import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "@trax/foundation/database";
import sql from "sql-template-tag";
import { startPostgres } from "../testing/postgres.ts";

test("a transaction is committed or it throws, whatever its work does with errors", async () => {
  await using postgres = await startPostgres();
  const database = openDatabase(postgres.url, { size: 1, onError: () => undefined });
  const names = async () =>
    (await database.query<{ name: string }>(sql`select name from accounts order by name`)).map(({ name }) => name);
  const insert = (name: string) => sql`insert into accounts (id, name) values (${`acc_${name}`}, ${name})`;
  try {
    await database.transaction((tx) => tx.query(insert("kept")));
    const swallows = database.transaction(async (tx) => {
      await tx.query(insert("lost"));
      await tx.query(sql`select 1 / 0`).catch(() => undefined);
    });
    await assert.rejects(swallows, /rolled back/);
    const throws = database.transaction(async (tx) => {
      await tx.query(insert("thrown"));
      throw new Error("no");
    });
    await assert.rejects(throws, /no/);
    assert.deepEqual(await names(), ["kept"]);
  } finally {
    await database.close();
  }
});

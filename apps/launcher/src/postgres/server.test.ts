import assert from "node:assert/strict";
import { test } from "node:test";
import { openDatabase } from "@trax/foundation/database";
import { Secret } from "@trax/foundation/secret";
import sql from "sql-template-tag";
import { createDataDirectory } from "../instance/data-directory.ts";
import { findByDirectory } from "../process/process-table.ts";
import { Keeper } from "../supervise/keeper.ts";
import { ProcessLog } from "../supervise/process-log.ts";
import { temporaryDirectory } from "../test-support/launch.ts";
import { PostgresServer } from "./server.ts";

test("PostgreSQL killed five times is back each time, with every committed row", async (context) => {
  const directory = await createDataDirectory(await temporaryDirectory(context));
  const log = new ProcessLog(directory.logs, "postgres", { onLine: () => undefined, onNotice: () => undefined });
  context.after(() => log.close());
  const server = await PostgresServer.prepare(directory, log, () => undefined, context.signal);
  let back = (): void => undefined;
  const keeper = new Keeper(server, { onLost: () => undefined, onBack: () => back() }, context.signal);
  context.after(async () => {
    await keeper.stop();
    await server.cleanUp();
  });
  await keeper.start();
  const database = openDatabase(new Secret(server.url), { onError: () => undefined });
  context.after(() => database.close());

  await database.query(sql`create table kept (n int primary key)`);
  for (let n = 1; n <= 5; n++) {
    await database.query(sql`insert into kept values (${n})`);
    const isBack = new Promise<void>((resolve) => (back = resolve));
    assert.ok(keeper.pid !== null);
    process.kill(keeper.pid, "SIGKILL");
    await isBack;
    const rows = await database.query<{ n: number }>(sql`select n from kept order by n`);
    assert.deepEqual(
      rows.map((row) => row.n),
      Array.from({ length: n }, (_, index) => index + 1),
    );
  }
  const [settings] = await database.query<{ fsync: string; address: string }>(
    sql`select current_setting('fsync') as fsync, current_setting('listen_addresses') as address`,
  );
  assert.deepEqual(settings, { fsync: "on", address: "" });

  await keeper.stop();
  assert.deepEqual(await findByDirectory("postgres", server.cluster), []);
});

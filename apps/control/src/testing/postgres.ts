import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sql from "sql-template-tag";
import { openDatabase } from "@trax/foundation/database";
import { Secret } from "@trax/foundation/secret";
import { createDataDirectory } from "../../../launcher/src/instance/data-directory.ts";
import type { DataDirectory } from "../../../launcher/src/instance/data-directory.ts";
import { findHome } from "../../../launcher/src/postgres/home.ts";
import { PostgresServer } from "../../../launcher/src/postgres/server.ts";
import { ProcessLog } from "../../../launcher/src/supervise/process-log.ts";
import { migrate, migrationsIn } from "../migrations.ts";
import type { Migration } from "../migrations.ts";
import { migratedCluster } from "./migrated-cluster.ts";

const execute = promisify(execFile);

export type TestPostgres = AsyncDisposable & {
  readonly url: Secret;
  /** SIGKILLs the server, as a crash would, and starts it again when asked. */
  kill(): Promise<void>;
  start(): Promise<void>;
};

/** A throwaway PostgreSQL, the one TRaX ships, migrated. Gone with all its data when disposed of. */
export async function startPostgres(): Promise<TestPostgres> {
  const migrations = await migrationsIn(new URL("../../../../migrations/", import.meta.url));
  const template = await migratedCluster(migrations, (directory) => makeCluster(directory, migrations));
  const path = await mkdtemp(join(tmpdir(), "trax-control-test-"));
  const directory = await createDataDirectory(path);
  const { cluster } = await findHome(directory);
  // Not fs.cp: the files belong to the database's user, and so do their copies.
  await execute("cp", ["--archive", "--reflink=auto", template, cluster]);
  const { url, kill, start, stop } = await startIn(directory);
  return {
    url,
    kill,
    start,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(path, { recursive: true, force: true });
    },
  };
}

async function makeCluster(directory: string, migrations: readonly Migration[]): Promise<string> {
  const made = await startIn(await createDataDirectory(directory));
  const database = openDatabase(made.url, { size: 1, onError: () => undefined });
  try {
    await migrate(database, migrations);
    // Nobody misses them, and they are most of the files.
    await database.query(sql`update pg_database set datistemplate = false`);
    await database.query(sql`drop database postgres`);
    await database.query(sql`drop database template1`);
    await database.query(sql`drop database template0`);
  } finally {
    await database.close();
    await made.stop();
  }
  return made.cluster;
}

async function startIn(directory: DataDirectory) {
  const log = new ProcessLog(directory.logs, "postgres", { onLine: () => undefined, onNotice: () => undefined });
  const server = await PostgresServer.prepare(directory, log, () => undefined, new AbortController().signal);
  let running = await server.launch();
  await running.ready;
  return {
    url: new Secret(server.url),
    cluster: server.cluster,
    async kill() {
      process.kill(running.pid, "SIGKILL");
      await running.exited;
    },
    async start() {
      running = await server.launch();
      await running.ready;
    },
    async stop() {
      server.askToStop(running.pid);
      await running.exited;
      await server.cleanUp();
      log.close();
    },
  };
}

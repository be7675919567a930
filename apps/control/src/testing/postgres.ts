import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "@trax/foundation/database";
import { Secret } from "@trax/foundation/secret";
import { createDataDirectory } from "../../../launcher/src/instance/data-directory.ts";
import { PostgresServer } from "../../../launcher/src/postgres/server.ts";
import { ProcessLog } from "../../../launcher/src/supervise/process-log.ts";
import { migrate, migrationsIn } from "../migrations.ts";

export type TestPostgres = AsyncDisposable & {
  readonly url: Secret;
  /** SIGKILLs the server, as a crash would, and starts it again when asked. */
  kill(): Promise<void>;
  start(): Promise<void>;
};

/** A throwaway PostgreSQL, the one TRaX ships, migrated. Gone with all its data when disposed of. */
export async function startPostgres(): Promise<TestPostgres> {
  const path = await mkdtemp(join(tmpdir(), "trax-control-test-"));
  const directory = await createDataDirectory(path);
  const log = new ProcessLog(directory.logs, "postgres", { onLine: () => undefined, onNotice: () => undefined });
  const server = await PostgresServer.prepare(directory, log, () => undefined, new AbortController().signal);
  let running = await server.launch();
  await running.ready;
  const url = new Secret(server.url);
  const database = openDatabase(url, { size: 1, onError: () => undefined });
  await migrate(database, await migrationsIn(new URL("../../../../migrations/", import.meta.url)));
  await database.close();
  return {
    url,
    async kill() {
      process.kill(running.pid, "SIGKILL");
      await running.exited;
    },
    async start() {
      running = await server.launch();
      await running.ready;
    },
    async [Symbol.asyncDispose]() {
      server.askToStop(running.pid);
      await running.exited;
      await server.cleanUp();
      log.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}

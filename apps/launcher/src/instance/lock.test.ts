import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../test-support/launch.ts";
import { createDataDirectory } from "./data-directory.ts";
import { acquireLock } from "./lock.ts";
import { writeRecord } from "./record.ts";

test("one at a time has the lock; the other hears who has it", async (context) => {
  const directory = await createDataDirectory(join(await temporaryDirectory(context), "data"));
  const lock = await acquireLock(directory);
  await writeRecord(directory, { pid: 4711, socket: "/nowhere" });
  await assert.rejects(acquireLock(directory), /already running on .*data \(pid 4711\)/);
  lock.release();
  (await acquireLock(directory)).release();
});

test("the lock of a holder that was killed is free at once", async (context) => {
  const directory = await createDataDirectory(await temporaryDirectory(context));
  const script = `
    import { acquireLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))};
    import { createDataDirectory } from ${JSON.stringify(join(import.meta.dirname, "data-directory.ts"))};
    const lock = await acquireLock(await createDataDirectory(${JSON.stringify(directory.path)}));
    process.stdout.write("held");
    setInterval(() => lock, 60_000);
  `;
  const holder = spawn(process.execPath, ["--input-type=module-typescript", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  context.after(() => holder.kill("SIGKILL"));
  await once(holder.stdout, "data");
  await assert.rejects(acquireLock(directory), /already running/);
  holder.kill("SIGKILL");
  await once(holder, "exit");
  (await acquireLock(directory)).release();
});

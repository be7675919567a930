import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { rememberProcesses, signalProcess, stillRunning, waitUntilGone } from "../process/process-table.ts";
import { exitOf } from "../supervise/running.ts";

const stub = join(import.meta.dirname, "../test-support/stub-test-run.ts");

/** Never ends by itself, nor do those that it starts: in its process group, and in one of its own as PostgreSQL is. */
const hanging = `
import { spawn } from "node:child_process";
import { test } from "node:test";
const pids = [false, true].map((detached) => spawn("sleep", ["600"], { stdio: "ignore", detached }).pid);
process.stdout.write("pids " + [process.pid, ...pids].join(" ") + " told\\n");
test("hangs", () => new Promise((resolve) => setTimeout(resolve, 600_000)));
`;

test("a SIGTERM that the launcher alone gets ends what test files have started, too", async (context) => {
  const directory = await mkdtemp(join(tmpdir(), "trax-test-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const file = join(directory, "hanging.test.mjs");
  await writeFile(file, hanging);
  // As `node --test` would not run within another.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const child = spawn(process.execPath, [stub, file], { env, stdio: ["ignore", "pipe", "inherit"] });
  context.after(() => child.kill("SIGKILL"));
  const exited = exitOf(child);
  const pids = await new Promise<number[]>((resolve, reject) => {
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const told = /pids (.*) told/.exec(output)?.[1];
      if (told !== undefined) resolve(told.split(" ").map(Number));
    });
    child.stdout.once("end", () => reject(new Error(output)));
  });
  const known = await rememberProcesses(pids);
  context.after(async () => {
    for (const pid of await stillRunning(known)) signalProcess(pid, "SIGKILL");
  });
  assert.equal(pids.length, 3);
  child.kill("SIGTERM");
  assert.deepEqual(await exited, { code: 143, signal: null });
  assert.deepEqual(await waitUntilGone(pids, 0), []);
});

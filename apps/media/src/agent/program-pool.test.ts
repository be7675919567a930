import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { openLog } from "@trax/foundation/log";
import type { ProgramReport, ProgramSpec } from "../program/protocol.ts";
import { ProgramPool } from "./program-pool.ts";

const worker = fileURLToPath(new URL("testing/program-worker.ts", import.meta.url));
const deadline = () => AbortSignal.timeout(20_000);

function specOf(change: Partial<ProgramSpec> = {}): ProgramSpec {
  return {
    studioId: "std_1",
    canvas: { width: 320, height: 180, frameRate: 30, videoBitrate: 500_000, audioBitrate: 128_000 },
    sources: [],
    scene: null,
    take: { number: 1, transition: "cut", durationMs: 0 },
    overlays: [],
    slate: { assetId: null, text: null, color: null },
    fallbackSourceIds: [],
    linkPath: "/nowhere/std_1.sock",
    publish: null,
    preview: null,
    meters: false,
    allowedNetworks: [],
    traceparent: null,
    ...change,
  };
}

/** A pool of stand-ins for program workers, closed when the test is over. */
function poolOf(context: TestContext) {
  const reports = new EventEmitter();
  const pool = new ProgramPool({
    fork: () => fork(worker, [], { stdio: ["ignore", "inherit", "inherit", "ipc"] }),
    orphans: { add: () => undefined, remove: () => undefined },
    log: openLog("test", "silent"),
    onReport: (studioId, report) => reports.emit(report.type, studioId, report),
    onLost: (studioId) => reports.emit("lost", studioId),
  });
  context.after(() => pool.close());
  const next = async (type: ProgramReport["type"] | "lost"): Promise<unknown[]> =>
    once(reports, type, { signal: deadline() });
  const pidOf = (studioId: string): number =>
    pool.processes().find((process) => process.studioId === studioId)?.pid ?? assert.fail("it does not run");
  return { pool, next, pidOf };
}

test("a program takes the worker that was kept ready, and another one is made ready", async (context) => {
  const { pool, next, pidOf } = poolOf(context);
  const [ready] = pool.processes();
  assert.equal(ready?.studioId, undefined);
  const shown = next("shown");
  pool.assign(specOf());
  await shown;
  assert.equal(pidOf("std_1"), ready?.pid);
  assert.equal(pool.processes().length, 1);
  await next("gauges");
  assert.equal(pool.processes().length, 2);
});

test("a worker that is killed or stopped is replaced, and the next is told what it was", async (context) => {
  const { pool, next, pidOf } = poolOf(context);
  pool.assign(specOf());
  await next("gauges");
  const taken = next("shown");
  pool.assign(specOf({ take: { number: 7, transition: "cut", durationMs: 0 } }));
  await taken;
  for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
    const before = pidOf("std_1");
    const lost = next("lost");
    const shown = next("shown");
    process.kill(before, signal);
    await lost;
    const [, report] = await shown;
    assert.deepEqual(report, { type: "shown", take: 7, sceneId: null, at: "2026-01-01T00:00:00.000Z" });
    assert.notEqual(pidOf("std_1"), before);
    await next("gauges");
  }
});

test("one that always dies is tried again more and more slowly, until it is told better", async (context) => {
  const { pool, next } = poolOf(context);
  const times: number[] = [];
  pool.assign(specOf({ slate: { assetId: null, text: "die", color: null } }));
  for (let death = 0; death < 3; death++) {
    await next("lost");
    times.push(performance.now());
  }
  const [first = 0, second = 0, third = 0] = times;
  assert.ok(second - first >= 1_000);
  assert.ok(third - second >= 2_000);
  pool.assign(specOf());
  await next("shown");
});

test("what is dropped and wanted again runs in another process, after the end of the first", async (context) => {
  const { pool, next, pidOf } = poolOf(context);
  pool.assign(specOf());
  await next("gauges");
  const before = pidOf("std_1");
  pool.drop("std_1");
  const shown = next("shown");
  pool.assign(specOf());
  await shown;
  assert.notEqual(pidOf("std_1"), before);
});

test("a picture is the worker's, and null where there is none", async (context) => {
  const { pool, next } = poolOf(context);
  assert.equal(await pool.snapshot("std_1", null), null);
  pool.assign(specOf());
  await next("shown");
  assert.equal(String(await pool.snapshot("std_1", null)), "picture");
  assert.equal(await pool.snapshot("std_1", "src_1"), null);
});

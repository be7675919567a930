import assert from "node:assert/strict";
import { test } from "node:test";
import { startNginxRtmp } from "@trax/peers";
import { Program } from "@trax/contract";
import { startInstance } from "../instance.ts";
import type { OwnedInstance } from "../instance.ts";
import { descendantsOf } from "../process-search.ts";
import { forFrames, openComposedShow } from "./composed-show.ts";
import { assertCadence, assertSteady, readProgram } from "./counted-program.ts";
import type { ProgramFrame } from "./counted-program.ts";
import { eventually } from "./eventually.ts";
import { fileOwned } from "./owned.ts";
import { granted } from "./show.ts";

// The process that makes a program is lost in mid-show: only that studio notices, and not for long.

const instance = fileOwned(() => startInstance());
const nginx = fileOwned(() => startNginxRtmp());
/** The promise is five seconds; the rest is what a busy machine adds. */
const onAirAgainMs = 5_000 + 4_000;

async function programWorkers(of: OwnedInstance): Promise<readonly number[]> {
  const processes = await descendantsOf(of.pid);
  return processes.filter(({ commandLine }) => commandLine.includes("program/worker.ts")).map(({ pid }) => pid);
}

/** Where more than one and a half frame times pass between two frames, ms. */
function gapsOf(frames: readonly ProgramFrame[]): readonly number[] {
  const steps = frames.slice(1).map(({ ms }, index) => ms - (frames[index]?.ms ?? 0));
  assert.ok(
    steps.every((step) => step > 0),
    "time goes forward",
  );
  return steps.filter((step) => step > 50);
}

test("a program worker killed, and one stopped, in mid-show: on air again, same broadcast, same scene, no reconnect", async (context) => {
  const trax = await instance();
  const one = await openComposedShow(context, await nginx(), {}, trax);
  const cameras = [await one.camera({ source: 2 }), await one.camera({ source: 11 })] as const;
  await one.beginWith(await one.scene({ preset: "solo", slots: [{ sourceId: cameras[0].sourceId }] }));
  await one.goLive();
  const scene = await one.scene({ preset: "solo", slots: [{ sourceId: cameras[1].sourceId }] });
  await one.take(scene);
  const { broadcastId } = await one.show.status();
  const [first, ...more] = await programWorkers(trax);
  assert.ok(first !== undefined && more.length === 0, "one studio, one worker");

  const other = await openComposedShow(context, await nginx(), {}, trax);
  const bystander = await other.camera({ source: 6 });
  await other.goLive();
  const others = (await programWorkers(trax)).filter((pid) => pid !== first);
  assert.equal(others.length, 1);

  let worker = first;
  for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
    await forFrames(cameras[1], 45);
    process.kill(worker, signal);
    const [next] = await eventually(
      `a worker in place of the one that got ${signal}`,
      async () => (await programWorkers(trax)).filter((pid) => pid !== worker && !others.includes(pid)),
      ({ length }) => length === 1,
    );
    worker = next ?? 0;
    const { sentBytes } = await one.show.untilDestination(one.destinationId, "it is there", () => true);
    await one.show.untilDestination(one.destinationId, "it gets more", (told) => told.sentBytes > sentBytes + 50_000);
  }
  const status = await one.show.until("live and well", ({ state }) => state === "live");
  assert.equal(status.broadcastId, broadcastId, "the same broadcast");
  const program = Program.parse(granted(await one.show.ask("GET", "/program")));
  assert.equal(program.sceneId, scene, "the same scene");

  const frames = await readProgram(await one.finish());
  const gaps = gapsOf(frames);
  context.diagnostic(`off air for ${gaps.map((ms) => ms.toFixed(0)).join(" and ")} ms`);
  assert.ok(gaps.length === 2, `as often as it was lost: ${gaps.join(", ")}`);
  for (const ms of gaps) assert.ok(ms <= onAirAgainMs, `off air for ${ms} ms`);
  const firstOfScene = frames.findIndex(({ counted }) => counted?.source === 11);
  const shown = frames.slice(firstOfScene).map(({ counted }) => counted?.source ?? null);
  assert.ok(
    shown.every((source) => source === 11 || source === null),
    "the scene that was on is on again",
  );
  assert.equal(shown.at(-1), 11);

  const untouched = await readProgram(await other.finish());
  assertCadence(untouched);
  assertSteady(untouched.map(({ counted }) => counted));
  assert.equal(bystander.publisher().hasExited(), false);
});

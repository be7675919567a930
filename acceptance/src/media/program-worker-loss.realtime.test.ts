import assert from "node:assert/strict";
import { readFile, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startNginxRtmp } from "@trax/peers";
import { Program } from "@trax/contract";
import { startInstance } from "../instance.ts";
import type { OwnedInstance } from "../instance.ts";
import { descendantsOf } from "../process-search.ts";
import { forFrames, openComposedShow } from "./composed-show.ts";
import { assertSteady, readProgram } from "./counted-program.ts";
import type { ProgramFrame } from "./counted-program.ts";
import { eventually } from "./eventually.ts";
import { fileOwned } from "./owned.ts";
import { granted } from "./show.ts";

// The process that makes a program is lost in mid-show: only that studio notices, and not for long.

const instance = fileOwned(() => startInstance());
const nginx = fileOwned(() => startNginxRtmp());
/** The promise is five seconds; the rest is what a busy machine adds. */
const onAirAgainMs = 5_000 + 4_000;

/** The process that offers the studio's program to its relays, on a socket named after it; null while none does. */
async function programWorker(of: OwnedInstance, studioId: string): Promise<number | null> {
  const sockets = (await readFile("/proc/net/unix", "utf8")).split("\n").filter((line) => line.includes(studioId));
  const links = sockets.map((line) => `socket:[${line.trim().split(/\s+/)[6] ?? ""}]`);
  for (const { pid, commandLine } of await descendantsOf(of.pid)) {
    if (!commandLine.includes("program/worker.ts")) continue;
    const directory = `/proc/${pid}/fd`;
    for (const fd of await readdir(directory).catch(() => []))
      if (links.includes(await readlink(join(directory, fd)).catch(() => ""))) return pid;
  }
  return null;
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

  const other = await openComposedShow(context, await nginx(), {}, trax);
  const bystander = await other.camera({ source: 6 });
  await other.goLive();

  for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
    await forFrames(cameras[1], 45);
    const worker = await programWorker(trax, one.show.studioId);
    assert.ok(worker !== null, "a worker of this studio");
    process.kill(worker, signal);
    await eventually(
      `another worker in place of the one that got ${signal}`,
      () => programWorker(trax, one.show.studioId),
      (pid) => pid !== null && pid !== worker,
    );
    const { sentBytes } = await one.show.untilDestination(one.destinationId, "it is there", () => true);
    await one.show.untilDestination(one.destinationId, "it gets more", (told) => told.sentBytes > sentBytes + 50_000);
  }
  const status = await one.show.until("live and well", ({ state }) => state === "live");
  assert.equal(status.broadcastId, broadcastId, "the same broadcast");
  const program = Program.parse(granted(await one.show.ask("GET", "/program")));
  assert.equal(program.sceneId, scene, "the same scene");

  const frames = await readProgram(await one.finish(), { isWhole: false });
  const gaps = gapsOf(frames);
  context.diagnostic(`off air for ${gaps.map((ms) => ms.toFixed(0)).join(" and ")} ms`);
  assert.ok(gaps.length >= 2, `as often as it was lost: ${gaps.join(", ")}`);
  for (const ms of gaps) assert.ok(ms <= onAirAgainMs, `off air for ${ms} ms`);
  const firstOfScene = frames.findIndex(({ counted }) => counted?.source === 11);
  const shown = frames.slice(firstOfScene).map(({ counted }) => counted?.source ?? null);
  assert.ok(
    shown.every((source) => source === 11 || source === null),
    "the scene that was on is on again",
  );
  assert.equal(shown.at(-1), 11);

  const untouched = await readProgram(await other.finish());
  assertSteady(untouched.map(({ counted }) => counted));
  assert.equal(bystander.publisher().hasExited(), false);
});

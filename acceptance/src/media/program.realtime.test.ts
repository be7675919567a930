import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startNginxRtmp } from "@trax/peers";
import { instanceStatus } from "../admin.ts";
import { sharedInstance } from "../instance.ts";
import { at, listAt } from "../json.ts";
import { openComposedShow } from "./composed-show.ts";
import { followEvents } from "./event-log.ts";
import { eventually } from "./eventually.ts";
import { atEnd, fileOwned } from "./owned.ts";
import { openShow, reasonsOf } from "./show.ts";

// What is told of a composed studio, and when its program runs.

const nginx = fileOwned(() => startNginxRtmp());

/** The process that makes the studio's program, as `./trax status` lists it; null while none does. */
async function programOf(studioId: string): Promise<number | null> {
  const processes = listAt(await instanceStatus(await sharedInstance()), "processes");
  const pid = at(
    processes.find((one) => at(one, "name") === "program" && at(one, "studioId") === studioId),
    "pid",
  );
  return typeof pid === "number" ? pid : null;
}

// The second one waits for most of its time, and counts nothing.
describe("a composed studio", { concurrency: 2 }, () => {
  test("is live with its slate, then with its source, and over a loss of its worker", async (context) => {
    const composed = await openComposedShow(context, await nginx());
    const { show, destinationId } = composed;
    const log = await followEvents(show.account, show.studioId);
    atEnd(context, () => log.close());
    const slates = () => log.events.filter(({ type }) => type === "program.slate").map(({ data }) => data["onSlate"]);

    await composed.goLive();
    const onSlate = await show.until(
      "live with its slate",
      ({ state, program }) => state === "live" && program.onSlate,
    );
    assert.equal(onSlate.health.level, "degraded");
    assert.ok(reasonsOf(onSlate).includes("on_slate"));

    await composed.camera({ source: 3 });
    const { program } = await show.until(
      "a program of the source",
      ({ program: made }) => !made.onSlate && (made.frameRate ?? 0) > 0 && (made.videoBitrate ?? 0) > 0,
    );
    assert.deepEqual([program.width, program.height], [320, 180]);
    await eventually(
      "the slate is told of",
      async () => slates(),
      ({ length }) => length === 2,
    );
    assert.deepEqual(slates(), [true, false]);

    const worker = await programOf(show.studioId);
    assert.ok(worker !== null);
    process.kill(worker, "SIGKILL");
    await eventually(
      "another worker",
      () => programOf(show.studioId),
      (pid) => pid !== null && pid !== worker,
    );
    const { sentBytes } = await show.untilDestination(destinationId, "it is there", () => true);
    await show.untilDestination(destinationId, "it gets more", (told) => told.sentBytes > sentBytes + 50_000);
    // One connection, no reconnect, nothing dropped.
    await composed.finish();
    await eventually(
      "no program is left",
      () => programOf(show.studioId),
      (pid) => pid === null,
      60_000,
    );
  });

  test("a program that is only looked at runs, and stops when nobody does any more", async (context) => {
    const show = await openShow(context, await sharedInstance(), {
      program: { mode: "composed", width: 320, height: 180 },
    });
    assert.equal(await programOf(show.studioId), null);
    const { status } = await show.ask("GET", "/program/snapshot");
    assert.equal(status, 200);
    assert.notEqual(await programOf(show.studioId), null);
    assert.equal((await show.status()).state, "offline");
    await eventually(
      "it stops",
      () => programOf(show.studioId),
      (pid) => pid === null,
      90_000,
    );
  });
});

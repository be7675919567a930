import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MediaSessionCreated } from "@trax/contract";
import type { Playback } from "@trax/contract";
import { startNginxRtmp } from "@trax/peers";
import { startBrowser } from "@trax/peers/browser/browser";
import type { Browser } from "@trax/peers/browser/browser";
import type { WhepPlayer } from "@trax/peers/browser/whep";
import { startCountedWhip } from "@trax/peers/counted/publisher";
import { readSound } from "@trax/peers/counted/reading";
import { toneDb } from "@trax/peers/counted/tone";
import { forFrames, openComposedShow } from "./composed-show.ts";
import { readProgram } from "./counted-program.ts";
import { eventually } from "./eventually.ts";
import { fileOwned, owned } from "./owned.ts";
import { granted } from "./show.ts";
import type { Show } from "./show.ts";

// A real browser: its camera and microphone by WHIP, the program and the preview by WHEP.

const nginx = fileOwned(() => startNginxRtmp());
const browser = fileOwned(() => startBrowser({ source: 6 }));
/** Ending a session disconnects within a second; a browser notices the silence some seconds later. */
const noticedWithinMs = 20_000;

async function playSession(
  show: Show,
  wish: object = {},
): Promise<{ readonly id: string; readonly playback: Playback }> {
  const made = await show.ask("POST", "/media-sessions", { role: "play", ...wish });
  const { id, playback } = MediaSessionCreated.parse(granted(made, 201));
  assert.ok(playback !== undefined);
  return { id, playback };
}

async function play(from: Browser, { whep }: Playback): Promise<WhepPlayer> {
  return from.whep(whep.url, whep.bearerToken);
}

/** The pictures that a player showed of a source, and that it is heard. */
async function assertSeenAndHeard(player: WhepPlayer, source: number): Promise<void> {
  const before = await player.framesDecoded();
  const energy = await player.audioEnergy();
  await player.waitForFrames(before + 90);
  const shown = await eventually(
    `source ${source} is seen`,
    async () => (await player.shown()).filter(({ counted }) => counted?.source === source),
    ({ length }) => length >= 60,
  );
  const numbers = shown.map(({ counted }) => counted?.frame ?? 0);
  const back = numbers.slice(1).filter((number, index) => number < (numbers[index] ?? 0));
  // The camera's file ends and begins again with its first picture.
  assert.ok(back.length <= 1, `pictures go forward: ${numbers.join(" ")}`);
  await eventually(
    "it is heard",
    () => player.audioEnergy(),
    (now) => now > energy + 0.01,
  );
}

describe("browsers", () => {
  test("a camera by WHIP that restarts its ICE, on a destination and in another page by WHEP; who may not watch any more is disconnected", async (context) => {
    const [chromium, live] = [await browser(), await openComposedShow(context, await nginx())];
    const source = await live.show.addSource();
    const { whip } = source.session.ingest;
    const camera = await chromium.whip(whip.url, whip.bearerToken);
    context.after(() => camera.stop());
    await live.show.untilOnline(source.id);
    assert.equal((await live.show.source(source.id)).protocol, "whip");
    await live.goLive();

    const { id, playback } = await playSession(live.show);
    const player = await play(chromium, playback);
    context.after(() => player.stop());
    await assertSeenAndHeard(player, 6);
    const audio = await player.statistics("audio");
    assert.ok((audio["packetsReceived"] ?? 0) > 0);

    assert.notEqual(await camera.restartIce(), camera.session.headers.get("etag"));
    const sent = await camera.framesSent();
    await player.waitForFrames((await player.framesDecoded()) + 30);
    assert.ok((await camera.framesSent()) > sent, "its media go on");

    assert.equal((await live.show.ask("DELETE", `/media-sessions/${id}`)).status, 204);
    await eventually(
      "the player is disconnected",
      () => player.state(),
      (state) => state !== "connected",
      noticedWithinMs,
    );
    await assert.rejects(play(chromium, playback), { status: 401 }, "and not let in again");
    await camera.stop();
    await live.show.until("the camera's end is noticed", ({ program }) => program.onSlate);
    const file = await live.finish();
    const frames = await readProgram(file);
    const seen = frames.filter(({ counted }) => counted?.source === 6);
    assert.ok(seen.length > 60, `${seen.length} of ${frames.length} frames are the camera's`);
    const [from, to] = [seen[30]?.ms ?? 0, seen.at(-15)?.ms ?? 0];
    assert.ok(toneDb(await readSound(file), 6, from, to) > -30, "its microphone is on the program");
  });

  test("a preview is watched without being on air", async (context) => {
    const [chromium, live] = [await browser(), await openComposedShow(context, await nginx())];
    const [aired, previewed] = [await live.camera({ source: 3 }), await live.camera({ source: 12 })];
    const solo = (sourceId: string) => live.scene({ preset: "solo", slots: [{ sourceId }] });
    const next = await solo(previewed.sourceId);
    await live.beginWith(await solo(aired.sourceId));
    granted(await live.show.ask("POST", "/program/preview", { sceneId: next }));
    await live.goLive();
    const { playback } = await playSession(live.show, { preview: true });
    const player = await play(chromium, playback);
    context.after(() => player.stop());
    await assertSeenAndHeard(player, 12);
    await live.take(next);
    await forFrames(previewed, 30);
    const frames = await readProgram(await live.finish());
    const firstOfNext = frames.findIndex(({ counted }) => counted?.source === 12);
    assert.ok(firstOfNext > 0 && frames.slice(0, firstOfNext).every(({ counted }) => counted?.source === 3));
  });

  test("ffmpeg by WHIP is on the program too", async (context) => {
    const live = await openComposedShow(context, await nginx());
    const source = await live.show.addSource();
    const { whip } = source.session.ingest;
    const publisher = owned(context, await startCountedWhip(whip.url, whip.bearerToken, { source: 9 }));
    await live.show.untilOnline(source.id);
    await live.goLive();
    await publisher.waitForFrames(publisher.frames() + 90);
    const file = await live.finish();
    const frames = await readProgram(file);
    assert.ok(frames.filter(({ counted }) => counted?.source === 9).length > 45);
    const end = frames.at(-1)?.ms ?? 0;
    assert.ok(toneDb(await readSound(file), 9, end - 1_200, end - 200) > -30, "it is heard");
  });
});

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { startNginxRtmp, tempDirectory } from "@trax/peers";
import { readPicture } from "@trax/peers/counted/reading";
import { bearer } from "../http.ts";
import { forFrames, openComposedShow, sourceLayer } from "./composed-show.ts";
import type { ComposedShow } from "./composed-show.ts";
import { assertSteady, readProgram } from "./counted-program.ts";
import { eventually } from "./eventually.ts";
import { atEnd, fileOwned } from "./owned.ts";
import { granted } from "./show.ts";

// Texts and overlays above live pictures, and what a still shows of them.

const nginx = fileOwned(() => startNginxRtmp());

const nasty = [
  `It's "100 %": %{localtime} \\n %{pict_type} ${"$"}{HOME} \`id\` [in];[out],drawtext=text='x':x=1`,
  "日本語 עברית العربية ไทย हिन्दी 👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301\u0301\u0301",
  "a\tb\r\nc\u2028d\u200b\u202egnirts\u202c \u{10ffff} \ufffd",
  "W".repeat(1_500),
  "<b>&amp;</b> {{x}} C:\\temp\\new ../../etc/passwd",
];

async function snapshot(live: ComposedShow, path = "/program/snapshot"): Promise<Buffer> {
  const { account, studioId } = live.show;
  const response = await fetch(`${account.instance.baseUrl}/v1/studios/${studioId}${path}`, {
    headers: { authorization: String(bearer(account.key)["authorization"]) },
  });
  assert.equal(response.status, 200, await response.clone().text());
  assert.equal(response.headers.get("content-type"), "image/jpeg");
  const age = Date.now() - Date.parse(response.headers.get("x-taken-at") ?? "");
  assert.ok(age < 10_000, `taken ${age} ms ago`);
  return Buffer.from(await response.arrayBuffer());
}

/** How bright parts of a still are: it decodes, and has the canvas' size. */
async function look(context: TestContext, jpeg: Buffer): Promise<{ readonly strip: number; readonly source: number }> {
  const directory = await tempDirectory("still");
  atEnd(context, directory.remove);
  const file = join(directory.path, "still.jpg");
  await writeFile(file, jpeg);
  const [frame] = await readPicture(file, { all: { x: 0, y: 0, width: 1, height: 1 } });
  assert.ok(frame !== undefined);
  return { strip: frame.seen.all.strip, source: frame.seen.all.counted?.source ?? 0 };
}

async function setOverlays(live: ComposedShow, overlays: readonly object[]): Promise<void> {
  granted(await live.show.ask("PUT", "/program/overlays", { overlays }));
}

describe("texts and overlays", { concurrency: 2 }, () => {
  test("any text may be in a layer and in every overlay: the program goes on, and nothing is evaluated", async (context) => {
    const live = await openComposedShow(context, await nginx());
    const camera = await live.camera({ source: 4 });
    // The upper part with the cells stays free; texts are in the strip below them.
    const box = { x: 0, y: 0.82, width: 1, height: 0.18 };
    const style = { fontSize: 0.08, background: "#000000" };
    const whole = sourceLayer(camera.sourceId, { z: -1 });
    const scene = await live.scene({ layers: [whole] });
    await live.beginWith(scene);
    await live.goLive();
    for (const text of nasty) {
      granted(
        await live.show.ask("PATCH", `/scenes/${scene}`, { layers: [whole, { type: "text", text, ...box, style }] }),
      );
      await setOverlays(live, [
        { id: "third", type: "lower-third", title: text.slice(0, 300), subtitle: text, position: "bottom" },
        { id: "ticker", type: "ticker", text, position: "bottom" },
      ]);
      await forFrames(camera, 20);
    }
    await setOverlays(live, []);
    granted(await live.show.ask("PATCH", `/scenes/${scene}`, { layers: [whole] }));
    await forFrames(camera, 45);
    const frames = await readProgram(await live.finish());
    const seen = frames.map(({ counted }) => counted).filter((one) => one !== null);
    assert.equal(seen.at(-1)?.source, 4);
    assert.ok(frames.at(-1)?.counted !== null, "it is free again at the end");
    assertSteady(frames.slice(-20).map(({ counted }) => counted));
  });

  test("a lower third comes and goes with a fade, in the recording and in a still", async (context) => {
    const live = await openComposedShow(context, await nginx());
    const camera = await live.camera({ source: 15 });
    await live.goLive();
    await forFrames(camera, 30);
    const third = { id: "third", type: "lower-third", title: "WWWWWWWWWWWWWWWWWWWW", subtitle: "MMMMMMMMMMMMMMMMMMMM" };
    const without = await look(context, await snapshot(live));
    assert.equal(without.source, 15, "the still is the program's picture");
    await setOverlays(live, [{ ...third, visible: true }]);
    await eventually(
      "the still shows it",
      async () => look(context, await snapshot(live)),
      ({ strip }) => Math.abs(strip - without.strip) > 5,
    );
    const ofSource = await look(context, await snapshot(live, `/sources/${camera.sourceId}/snapshot`));
    assert.deepEqual(
      [ofSource.source, Math.abs(ofSource.strip - without.strip) < 5],
      [15, true],
      "it is above the source",
    );
    await setOverlays(live, [{ ...third, visible: false }]);
    await eventually(
      "the still does not show it any more",
      async () => look(context, await snapshot(live)),
      ({ strip }) => Math.abs(strip - without.strip) < 3,
    );
    await forFrames(camera, 30);
    const frames = await readProgram(await live.finish());
    const strips = frames.map(({ strip }) => strip);
    const most = Math.max(...strips.map((strip) => Math.abs(strip - without.strip)));
    const between = strips.filter((strip) => {
      const part = Math.abs(strip - without.strip) / most;
      return part > 0.1 && part < 0.9;
    });
    assert.ok(between.length >= 4, `it fades: ${strips.map((strip) => strip.toFixed(0)).join(" ")}`);
    assertSteady(frames.slice(-20).map(({ counted }) => counted));
  });
});

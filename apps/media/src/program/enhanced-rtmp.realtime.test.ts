import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { type Child, startChild, startMediaMtxPlain, tempDirectory, waitFor } from "@trax/peers";
import { ensureNewerFfmpeg } from "@trax/peers/newer-ffmpeg";
import { meanColors } from "./testing/decoded.ts";
import { ingest, programSpec, startProgramWorker, watchProgram } from "./testing/program-worker.ts";

/** HEVC in 10 bit, as graphics cards send it, and AV1. */
const encoders = {
  hevc: "-c:v libx265 -preset ultrafast -tune zerolatency -pix_fmt yuv420p10le -x265-params keyint=15:pools=1:log-level=none",
  av1: "-c:v libsvtav1 -preset 12 -pix_fmt yuv420p -g 15 -svtav1-params lp=1:pred-struct=1",
} as const;

/** One colour and a tone in Enhanced RTMP, which ffmpeg sends of these by itself. */
async function publish(url: string, codec: keyof typeof encoders, color: string): Promise<Child> {
  const picture = `color=${color}:size=320x180:rate=30,scale=out_color_matrix=bt709:out_range=tv`;
  return startChild(await ensureNewerFfmpeg(), [
    ..."-hide_banner -loglevel error -nostdin -re -f lavfi -i".split(" "),
    picture,
    ..."-re -f lavfi -i sine=frequency=440:sample_rate=48000".split(" "),
    ...encoders[codec].split(" "),
    ..."-color_range tv -colorspace bt709 -c:a aac -b:a 64k -ac 2 -flush_packets 1 -f flv".split(" "),
    url,
  ]);
}

test("HEVC in 10 bit and AV1 by Enhanced RTMP are shown side by side", async () => {
  await using open = new AsyncDisposableStack();
  const router = open.adopt(await startMediaMtxPlain(), (one) => one.stop());
  const directory = open.adopt(await tempDirectory("enhanced"), (one) => one.remove());
  const worker = open.adopt(await startProgramWorker(), (one) => one.stop());
  for (const [codec, color] of [
    ["hevc", "#ff0000"],
    ["av1", "#0000ff"],
  ] as const) {
    open.adopt(await publish(`${router.rtmpUrl}/${codec}`, codec, color), (one) => one.stop());
    await router.waitForPath(`live/${codec}`);
  }
  const sources = ["hevc", "av1"].map((codec) => ingest(codec, `${router.rtmpUrl}/${codec}`));
  const slots = sources.map(({ sourceId }) => ({ sourceId }));
  const content = { preset: "side-by-side", slots, layers: [], audio: [], audioFollowsVideo: true } as const;
  const spec = programSpec(join(directory.path, "link"), { sources, scene: { sceneId: "scn_a", content } });
  worker.tell({ type: "program", spec });
  for (const codec of ["hevc", "av1"])
    await waitFor(`${codec} flows`, () =>
      worker.reports.some((one) => one.type === "source" && one.sourceId === codec && one.video?.codec === codec),
    );
  await waitFor("they are on", () => worker.last("slate")?.onSlate === false);
  const watch = watchProgram(spec.linkPath);
  await waitFor("they are seen", () => watch.messages.filter(({ kind }) => kind === "video").length > 60);
  watch.close();
  for (const [half, [red, blue]] of [
    ["140:60:10:60", [255, 0]],
    ["140:60:170:60", [0, 255]],
  ] as const) {
    const last = (await meanColors(watch.messages, half)).at(-1) ?? [0, 0, 0];
    assert.ok(Math.abs(last[0] - red) < 12 && last[1] < 12 && Math.abs(last[2] - blue) < 12, `${half}: ${last.join()}`);
  }
  for (const report of worker.reports) if (report.type === "source") assert.equal(report.error, null);
  worker.tell({ type: "stop" });
  assert.equal(await worker.exited, 0);
});

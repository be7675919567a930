import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { tempDirectory } from "@trax/peers";
import { Demuxer } from "./demuxer.ts";

const run = promisify(execFile);
/** Where the times of a transport stream, 33 bits at 90 kHz, begin at 0 again, s. */
const wrapAt = 2 ** 33 / 90_000;

test("times go on where those of a transport stream begin at 0 again, with B-frames", async () => {
  const directory = await tempDirectory("wrap");
  const file = join(directory.path, "wrap.ts");
  const input = "-f lavfi -i testsrc2=size=160x90:rate=30 -f lavfi -i sine=sample_rate=48000 -t 2";
  const codecs = "-c:v libx264 -preset ultrafast -bf 2 -pix_fmt yuv420p -g 30 -c:a aac";
  const output = `-output_ts_offset ${wrapAt - 1} -muxdelay 0 -f mpegts ${file}`;
  await run("ffmpeg", `-loglevel error ${input} ${codecs} ${output}`.split(" "));
  const demuxer = new Demuxer();
  try {
    await demuxer.open(`file:${file}`, {});
    const times: Record<"picture" | "sound", number[]> = { picture: [], sound: [] };
    for await (const item of demuxer.read()) {
      if (item.kind === "packet") continue;
      times[item.kind].push(item.ms);
      if (item.kind === "picture") item.picture.release();
    }
    assert.equal(times.picture.length, 60);
    for (const [kind, stepMs] of [
      ["picture", 1_000 / 30],
      ["sound", 1_024 / 48],
    ] as const) {
      const steps = times[kind].slice(1).map((ms, index) => ms - (times[kind][index] ?? 0));
      assert.ok(
        steps.every((step) => Math.abs(step - stepMs) < 2),
        `${kind}: ${Math.min(...steps)} to ${Math.max(...steps)} ms`,
      );
    }
  } finally {
    await demuxer.close();
    await directory.remove();
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { startCountedPublisher, startLossyLink, startNginxRtmp } from "@trax/peers";
import { openComposedShow } from "./composed-show.ts";
import { assertSteady, readProgram } from "./counted-program.ts";
import { fileOwned, owned } from "./owned.ts";
import { reasonsOf } from "./show.ts";

const nginx = fileOwned(() => startNginxRtmp());

test("SRT over a network that loses every twentieth packet and takes 100 ms each way: it is told, and every picture is there", async (context) => {
  const live = await openComposedShow(context, await nginx());
  const { id, session } = await live.show.addSource();
  const url = new URL(session.ingest.srt.url);
  const link = owned(context, await startLossyLink({ toPort: Number(url.port), loss: 0.05, delayMs: 100, seed: 7 }));
  // What SRT's documentation asks for: four round trips at least, in microseconds with ffmpeg.
  const address = session.ingest.srt.url.replace(`:${url.port}`, `:${link.port}`);
  const publisher = owned(context, await startCountedPublisher(`${address}&latency=1000000`, { source: 13 }));
  await live.show.untilOnline(id);
  await live.goLive();
  const told = await live.show.until("its loss is told", (status) => reasonsOf(status).includes("source_packet_loss"));
  context.diagnostic(told.health.reasons.find(({ code }) => code === "source_packet_loss")?.message ?? "");
  await publisher.waitForFrames(publisher.frames() + 240, 60_000);
  const frames = await readProgram(await live.finish());
  const { lost } = link.counts();
  context.diagnostic(`${lost} packets were lost`);
  assert.ok(lost > 20);
  assertSteady(frames.map(({ counted }) => counted));
});

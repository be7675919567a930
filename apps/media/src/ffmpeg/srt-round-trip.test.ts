import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { freeUdpPort, startLossyLink, startMediaMtxPlain } from "@trax/peers";
import { srtRoundTripMs } from "./srt-round-trip.ts";

test("is the way to the server and back", async () => {
  await using open = new AsyncDisposableStack();
  const router = open.adopt(await startMediaMtxPlain(), (one) => one.stop());
  const toPort = Number(new URL(router.srtPublishUrl("x")).port);
  const link = open.adopt(await startLossyLink({ toPort, loss: 0, delayMs: 60 }), (one) => one.stop());
  const never = new AbortController().signal;
  const measured = await srtRoundTripMs({ ip: "127.0.0.1", family: 4, port: link.port }, never);
  assert.ok(measured !== null && measured >= 119 && measured < 1_000, `${measured} ms`);
});

test("is not known where nobody answers, nobody listens, or it is wanted no more", async () => {
  const peer = (port: number) => ({ ip: "127.0.0.1", family: 4, port }) as const;
  const never = new AbortController().signal;
  assert.equal(await srtRoundTripMs(peer(await freeUdpPort()), never), null);
  assert.equal(await srtRoundTripMs(peer(await freeUdpPort()), AbortSignal.abort()), null);

  const silent = createSocket("udp4");
  try {
    silent.bind(0, "127.0.0.1");
    await once(silent, "listening");
    const ended = new AbortController();
    const heard = once(silent, "message");
    const measuring = srtRoundTripMs(peer(silent.address().port), ended.signal);
    await heard;
    ended.abort();
    assert.equal(await measuring, null);
  } finally {
    silent.close();
  }
});

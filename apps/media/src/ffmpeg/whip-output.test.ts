import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  type FfmpegPublisher,
  freePort,
  type MediaMtxPlain,
  probeFrames,
  startFfmpegPublisher,
  startMediaMtxPlain,
  waitFor,
} from "@trax/peers";
import type { RelayDestination } from "../relay/protocol.ts";
import { relaySpec, startRelayWorker, type TestWorker } from "../relay/testing/relay-worker.ts";

let router: MediaMtxPlain;
let publisher: FfmpegPublisher;
let worker: TestWorker;
let source: string;

before(async () => {
  router = await startMediaMtxPlain({ overridePublisher: true, record: true });
  source = `${router.rtmpUrl}/cam`;
  publisher = await startFfmpegPublisher({ url: source });
  await router.waitForPath("live/cam");
  worker = await startRelayWorker();
});

after(async () => {
  await worker.stop();
  await publisher.stop();
  await router.stop();
});

function whip(destinationId: string, url: string): RelayDestination {
  return { destinationId, revision: 1, protocol: "whip", url, streamKey: "a-token" };
}

/** An endpoint that answers as told. */
async function endpoint(listener: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const port = await freePort();
  const server = createServer(listener);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(port, "127.0.0.1", resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${port}/whip`,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

test("MediaMTX receives every frame, with Opus, and tells what it took and how far away it is", async () => {
  worker.tell({ type: "relay", spec: relaySpec(source, [whip("whip", router.whipUrl("by-whip"))]) });
  await worker.waitForStatus("whip", "live");
  const path = await router.waitForPath("by-whip", 300_000);
  assert.equal(path.sourceType, "webRTCSession");
  assert.deepEqual([...path.tracks].sort(), ["H264", "Opus"]);
  const gauge = await waitFor("a gauge with a round trip", () => {
    const last = worker.gauge("whip");
    return last !== undefined && last.bitrate > 0 && typeof last.roundTripMs === "number" ? last : null;
  });
  assert.equal(gauge.droppedFrames, 0);
  assert.ok((gauge.roundTripMs ?? 0) < 1_000, JSON.stringify(gauge));
  assert.ok(gauge.lastTakenAt !== null);
  worker.tell({ type: "relay", spec: relaySpec(source) });
  await worker.waitForStatus("whip", "idle");
  await waitFor(
    "the session is over",
    async () => !(await router.paths()).some((one) => one.name === "by-whip" && one.online),
  );
  const directory = join(router.recordDirectory, "by-whip");
  const [file] = await readdir(directory);
  const frames = await probeFrames(join(directory, file ?? ""));
  const times = frames.map((frame) => frame.ptsSeconds ?? Number.NaN);
  assert.ok(times.length > 100, `${times.length} frames`);
  for (let at = 1; at < times.length; at += 1) {
    const step = (times[at] ?? Number.NaN) - (times[at - 1] ?? Number.NaN);
    assert.ok(step > 0 && step < 0.05, `frame ${at} comes ${step} s after the one before`);
  }
});

test("each refusal says what it is, and no token is printed", async () => {
  const seen: (string | undefined)[] = [];
  await using refusing = await endpoint((request, answer) => {
    seen.push(`${request.method} ${request.headers["content-type"]} ${request.headers.authorization}`);
    answer.writeHead(401).end();
  });
  await using taken = await endpoint((_request, answer) => answer.writeHead(409).end());
  await using senseless = await endpoint((_request, answer) => answer.writeHead(201).end("hello"));
  await using inside = await endpoint((_request, answer) =>
    answer.writeHead(201).end("v=0\r\na=candidate:1 1 udp 2130706431 10.0.0.1 8189 typ host\r\n"),
  );
  await using moved = await endpoint((_request, answer) => answer.writeHead(307, { location: taken.url }).end());
  const expected = {
    refusing: [refusing.url, "auth_refused"],
    taken: [taken.url, "name_in_use"],
    senseless: [senseless.url, "address_refused"],
    inside: [inside.url, "address_refused"],
    moved: [moved.url, "name_in_use"],
    nobody: [`http://127.0.0.1:${await freePort()}/whip`, "connect_failed"],
    internal: ["https://192.168.0.1/whip", "address_refused"],
    plain: ["http://93.184.216.34/whip", "address_refused"],
  } as const;
  const destinations = Object.entries(expected).map(([id, [url]]) => whip(id, url));
  worker.tell({ type: "relay", spec: relaySpec(source, destinations) });
  for (const [id, [, code]] of Object.entries(expected)) {
    const error = await waitFor(`${id} is refused`, () => worker.destination(id)?.lastError);
    assert.equal(error.code, code, `${id}: ${error.message}`);
  }
  assert.equal(seen[0], "POST application/sdp Bearer a-token");
  assert.ok(!worker.output().includes("a-token"));
});

test("a frozen server is noticed, and sent to again when it is back", async () => {
  const frozen = await startMediaMtxPlain({ overridePublisher: true });
  try {
    worker.tell({ type: "relay", spec: relaySpec(source, [whip("frozen", frozen.whipUrl("x"))]) });
    await worker.waitForStatus("frozen", "live");
    frozen.process.signal("SIGSTOP");
    await worker.waitForStatus("frozen", "reconnecting");
    frozen.process.signal("SIGCONT");
    assert.equal((await worker.waitForStatus("frozen", "live")).reconnects, 1);
  } finally {
    worker.tell({ type: "drop", studioId: "std_a" });
    await worker.waitForStatus("frozen", "idle");
    await frozen.stop();
  }
});

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  type FfmpegPublisher,
  type MediaMtxPlain,
  type NginxRtmp,
  probeFrames,
  startFfmpegPublisher,
  startMediaMtxPlain,
  startNginxRtmp,
  waitFor,
} from "@trax/peers";
import type { RelayDestination } from "./protocol.ts";
import { relaySpec, startRelayWorker, type TestWorker } from "./testing/relay-worker.ts";

let router: MediaMtxPlain;
let nginx: NginxRtmp;
let publisher: FfmpegPublisher;
let source: string;

before(async () => {
  [router, nginx] = await Promise.all([startMediaMtxPlain(), startNginxRtmp()]);
  source = `${router.rtmpUrl}/cam`;
  publisher = await startFfmpegPublisher({ url: source });
  await router.waitForPath("live/cam");
});

after(async () => {
  await publisher.stop();
  await Promise.all([router.stop(), nginx.stop()]);
});

async function withWorker(
  run: (worker: TestWorker) => Promise<void>,
  options: Parameters<typeof startRelayWorker>[0] = {},
): Promise<void> {
  const worker = await startRelayWorker(options);
  try {
    await run(worker);
  } catch (error) {
    throw new Error(`the worker said: ${worker.output()}`, { cause: error });
  } finally {
    await worker.stop();
  }
}

function rtmp(destinationId: string, streamKey: string, options: Partial<RelayDestination> = {}): RelayDestination {
  return { destinationId, revision: 1, protocol: "rtmp", url: nginx.liveUrl, streamKey, ...options };
}

async function warm(worker: TestWorker, studioId: string, url: string): Promise<void> {
  worker.tell({ type: "relay", spec: { ...relaySpec(url), studioId } });
  await waitFor("the source flows", () => worker.reports.some((report) => report.type === "source" && report.flowing));
}

function isPublished(key: string): Promise<boolean> {
  return nginx.streams().then((streams) => streams.some((stream) => stream.name === key && stream.publishing));
}

describe("a relay worker", { concurrency: 3 }, () => {
  test("copies a source to several destinations, and each says what its server said", async () => {
    await withWorker(async (worker) => {
      await warm(worker, "std_a", source);
      const destinations = [
        rtmp("good", "several"),
        rtmp("other-server", "several", { url: router.rtmpUrl }),
        rtmp("bad-key", "wrong", { url: nginx.keyedUrl }),
        rtmp("nobody", "x", { url: "rtmp://127.0.0.1:9/app" }),
        rtmp("internal", "x", { url: "rtmp://10.0.0.1/app" }),
      ];
      worker.tell({ type: "relay", spec: relaySpec(source, destinations) });
      await worker.waitForStatus("good", "live");
      await worker.waitForStatus("other-server", "live");
      assert.equal((await worker.waitForStatus("bad-key", "failed")).lastError?.code, "auth_refused");
      assert.equal((await worker.waitForStatus("internal", "failed")).lastError?.code, "address_refused");
      const nobody = await waitFor("the dead port is noticed", () => worker.destination("nobody")?.lastError);
      assert.equal(nobody.code, "connect_failed");

      const format = worker.reports.findLast((report) => report.type === "source");
      assert.deepEqual(format?.video, { codec: "h264", width: 320, height: 180, frameRate: 30 });
      assert.deepEqual(format?.audio, { codec: "aac", sampleRate: 48_000, channels: 2 });
      const gauge = await waitFor("a gauge with bytes", () => {
        const found = worker.gauge("good");
        return found !== undefined && found.sentBytes > 0 && found.bitrate > 0 ? found : null;
      });
      assert.equal(gauge.droppedFrames, 0);

      worker.tell({ type: "stop" });
      assert.equal(await worker.exited, 0);
    });
    await waitFor("nginx has it whole", async () => !(await isPublished("several")));
    const [file] = await nginx.recordings("several");
    assert.ok(file);
    const frames = await probeFrames(file);
    assert.equal(frames[0]?.keyframe, true);
    assert.ok((frames[0].ptsSeconds ?? 1) < 0.2, "starts at about 0");
    assertEvenlySpaced(frames.map((frame) => frame.ptsSeconds ?? 0));
  });

  test("RTMPS is for servers whose certificate is good", async () => {
    const secure = rtmp("secure", "secure", { protocol: "rtmps", url: router.rtmpsUrl });
    await withWorker(async (worker) => {
      await warm(worker, "std_a", source);
      worker.tell({ type: "relay", spec: relaySpec(source, [secure]) });
      assert.equal((await worker.waitForStatus("secure", "failed")).lastError?.code, "tls_failed");
    });
    await withWorker(
      async (worker) => {
        await warm(worker, "std_a", source);
        worker.tell({ type: "relay", spec: relaySpec(source, [secure]) });
        await worker.waitForStatus("secure", "live");
        assert.equal((await router.waitForPath("live/secure")).sourceType, "rtmpsConn");
      },
      { trusted: router.certificate.certPath },
    );
  });

  test("a lost source leaves the connections open, and its return is no reconnect", async () => {
    const camera = `${router.rtmpUrl}/unsteady`;
    let unsteady = await startFfmpegPublisher({ url: camera });
    try {
      await withWorker(async (worker) => {
        await warm(worker, "std_a", camera);
        worker.tell({ type: "relay", spec: relaySpec(camera, [rtmp("dst", "unsteady")]) });
        await worker.waitForStatus("dst", "live");
        await unsteady.stop();
        await worker.waitForStatus("dst", "idle");
        assert.ok(await isPublished("unsteady"), "the connection stays open");
        unsteady = await startFfmpegPublisher({ url: camera });
        const report = await worker.waitForStatus("dst", "live");
        assert.deepEqual([report.reconnects, report.lastError], [0, null]);
        worker.tell({ type: "drop", studioId: "std_a" });
        await waitFor("nginx sees the end", async () => !(await isPublished("unsteady")));
      });
    } finally {
      await unsteady.stop();
    }
    const files = await nginx.recordings("unsteady");
    assert.equal(files.length, 1, "one connection carried it all");
    const times = (await probeFrames(files[0] ?? "")).map((frame) => frame.ptsSeconds ?? 0);
    assert.ok(
      times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0)),
      "time only goes forward",
    );
  });

  test("after the grace time connections are closed, and opened again for the source's return", async () => {
    const camera = `${router.rtmpUrl}/long-gone`;
    let unsteady = await startFfmpegPublisher({ url: camera });
    try {
      await withWorker(async (worker) => {
        await warm(worker, "std_a", camera);
        worker.tell({ type: "relay", spec: { ...relaySpec(camera, [rtmp("dst", "long-gone")]), graceMs: 1_000 } });
        await worker.waitForStatus("dst", "live");
        await unsteady.stop();
        await waitFor("the connection is closed", async () => !(await isPublished("long-gone")));
        assert.equal(worker.destination("dst")?.status, "idle");
        unsteady = await startFfmpegPublisher({ url: camera });
        await worker.waitForStatus("dst", "live");
      });
    } finally {
      await unsteady.stop();
    }
  });

  test("a frozen destination is noticed, disturbs no other, and is live again when it thaws", async () => {
    const frozen = await startNginxRtmp();
    try {
      await withWorker(async (worker) => {
        await warm(worker, "std_a", source);
        const destinations = [rtmp("steady", "beside-frozen"), rtmp("frozen", "frozen", { url: frozen.liveUrl })];
        worker.tell({ type: "relay", spec: relaySpec(source, destinations) });
        await worker.waitForStatus("steady", "live");
        await worker.waitForStatus("frozen", "live");
        frozen.process.signal("SIGSTOP");
        const report = await worker.waitForStatus("frozen", "reconnecting");
        assert.equal(report.lastError?.code, "write_timeout");
        frozen.process.signal("SIGCONT");
        assert.equal((await worker.waitForStatus("frozen", "live")).reconnects, 1);
        assert.deepEqual(
          worker.reports.flatMap((each) =>
            each.type === "destination" && each.destination.destinationId === "steady" ? [each.destination.status] : [],
          ),
          ["connecting", "live"],
        );
        worker.tell({ type: "stop" });
        await worker.exited;
      });
    } finally {
      await frozen.stop();
    }
    await waitFor("nginx has it whole", async () => !(await isPublished("beside-frozen")));
    const [file] = await nginx.recordings("beside-frozen");
    assert.ok(file);
    assertEvenlySpaced((await probeFrames(file)).map((frame) => frame.ptsSeconds ?? 0));
  });

  test("destinations are edited, added and removed while live", async () => {
    await withWorker(async (worker) => {
      await warm(worker, "std_a", source);
      worker.tell({ type: "relay", spec: relaySpec(source, [rtmp("edited", "before"), rtmp("kept", "kept")]) });
      await worker.waitForStatus("edited", "live");
      await worker.waitForStatus("kept", "live");
      const edited = rtmp("edited", "after", { revision: 2 });
      worker.tell({ type: "relay", spec: relaySpec(source, [edited, rtmp("kept", "kept"), rtmp("added", "added")]) });
      await waitFor("the new key is published", () => isPublished("after"));
      await worker.waitForStatus("added", "live");
      await waitFor("the edited one is live", () => {
        const report = worker.destination("edited");
        return report?.revision === 2 && report.status === "live";
      });
      assert.equal(await isPublished("before"), false);
      worker.tell({ type: "relay", spec: relaySpec(source, [rtmp("kept", "kept")]) });
      await worker.waitForStatus("added", "idle");
      await waitFor(
        "the removed ones are gone",
        async () => !(await isPublished("after")) && !(await isPublished("added")),
      );
      assert.equal(worker.destination("kept")?.status, "live");
      assert.equal(worker.destination("kept")?.reconnects, 0);
    });
  });

  test("a studio changes its source on the same connection", async () => {
    const second = await startFfmpegPublisher({ url: `${router.rtmpUrl}/second`, size: "640x360" });
    try {
      await withWorker(async (worker) => {
        await warm(worker, "std_a", source);
        worker.tell({ type: "relay", spec: relaySpec(source, [rtmp("dst", "switched")]) });
        await worker.waitForStatus("dst", "live");
        const spec = relaySpec(`${router.rtmpUrl}/second`, [rtmp("dst", "switched")]);
        worker.tell({
          type: "relay",
          spec: { ...spec, source: { sourceId: "src_b", url: `${router.rtmpUrl}/second` } },
        });
        await waitFor("the second source is seen", () =>
          worker.reports.some(
            (report) => report.type === "source" && report.sourceId === "src_b" && report.video?.width === 640,
          ),
        );
        await waitFor("and flows on", async () => worker.destination("dst")?.status === "live");
        assert.equal(worker.destination("dst")?.reconnects, 0);
      });
    } finally {
      await second.stop();
    }
    await waitFor("nginx has it whole", async () => !(await isPublished("switched")));
    assert.equal((await nginx.recordings("switched")).length, 1);
  });

  test("a relay that fails is built anew, and no other studio notices", async () => {
    await withWorker(async (worker) => {
      await warm(worker, "std_a", source);
      worker.tell({ type: "relay", spec: relaySpec(source, [rtmp("dst", "unharmed")]) });
      await worker.waitForStatus("dst", "live");
      // No agent sends such a URL: it stands for a fault of our own.
      worker.tell({ type: "relay", spec: { ...relaySpec("unix:"), studioId: "std_b" } });
      await waitFor("the fault is logged", () => worker.output().includes("a relay failed and is built anew"));
      worker.tell({ type: "relay", spec: { ...relaySpec(source), studioId: "std_b" } });
      await waitFor("the second studio flows", () =>
        worker.reports.some((report) => report.type === "source" && report.studioId === "std_b" && report.flowing),
      );
      assert.deepEqual([worker.destination("dst")?.status, worker.destination("dst")?.reconnects], ["live", 0]);
    });
  });

  test("without its agent a worker ends at once, and pushes no more", async () => {
    await withWorker(async (worker) => {
      await warm(worker, "std_a", source);
      worker.tell({ type: "relay", spec: relaySpec(source, [rtmp("dst", "orphan")]) });
      await worker.waitForStatus("dst", "live");
      worker.disconnect();
      assert.equal(await worker.exited, 0);
      await waitFor("nginx sees the end", async () => !(await isPublished("orphan")));
    });
  });
});

/** 30 frames a second, none missing. */
function assertEvenlySpaced(times: readonly number[]): void {
  for (const [index, time] of times.entries()) {
    if (index > 0) assert.ok(Math.abs(time - (times[index - 1] ?? 0) - 1 / 30) < 0.01, `a gap before ${time} s`);
  }
}

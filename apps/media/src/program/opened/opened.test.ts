import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startMediaMtxPlain, tempDirectory, waitFor, writeTestCertificate } from "@trax/peers";
import { startColorPublisher } from "../testing/color-publisher.ts";
import { startFileServer } from "../testing/file-server.ts";
import {
  fails,
  flows,
  type OpenedMedia,
  seen,
  source,
  startOpenedMedia,
  withOpenedWorker,
} from "../testing/opened-media.ts";
import { solo } from "../testing/program-worker.ts";

// What is opened, refused, lost and opened again. That nothing of it is left out: opened.realtime.test.ts

let media: OpenedMedia;

before(async () => {
  media = await startOpenedMedia();
});
after(() => media.stop());

test("nothing leads to addresses that are refused, to files, or to servers that are not who they say", async () => {
  const [trusted, untrusted] = [await tempDirectory("ca"), await tempDirectory("ca")];
  const certificates = [await writeTestCertificate(trusted.path), await writeTestCertificate(untrusted.path)] as const;
  const tls = await Promise.all(
    certificates.map(async ({ keyPath, certPath }) =>
      startFileServer({ key: await readFile(keyPath, "utf8"), cert: await readFile(certPath, "utf8") }),
    ),
  );
  const clip = await readFile(join(media.path, "clip.mp4"));
  for (const each of tls) each.put("/clip.mp4", clip);
  tls[0]?.put("/list.m3u", Buffer.from("clip.mp4\n"));
  const [good, bad] = tls;
  assert.ok(good !== undefined && bad !== undefined);
  media.server.put("/away.mp4", { redirect: "http://10.0.0.1/clip.mp4" });
  media.server.put("/away-tls.mp4", { redirect: "https://[::1]/clip.mp4" });
  media.server.put("/secure.mp4", { redirect: `${good.url}/clip.mp4` });
  const list = (segment: string) =>
    Buffer.from(`#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${segment}\n`);
  const file = join(media.path, "live0.ts");
  media.server.put("/file.m3u8", list(`file://${file}`));
  media.server.put("/concat.m3u8", list(`concat:${file}|${file}`));
  media.server.put("/inner.m3u8", list("http://10.0.0.1/live0.ts"));
  media.server.put("/garbage.mp4", Buffer.alloc(200_000, "garbage"));
  const rtsp = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", () => {
      socket.write(`RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: rtsp://127.0.0.1:${portOf(inner)}/cam\r\n\r\n`);
    });
  });
  let reachedInner = false;
  const inner = createServer((socket) => {
    reachedInner = true;
    socket.destroy();
  });
  for (const each of [rtsp, inner]) {
    const { promise, resolve } = Promise.withResolvers<void>();
    each.listen(0, "127.0.0.1", resolve);
    await promise;
  }
  const trustedBefore = process.env["NODE_EXTRA_CA_CERTS"];
  process.env["NODE_EXTRA_CA_CERTS"] = certificates[0].certPath;
  try {
    await withOpenedWorker(media, async (worker, spec) => {
      const sources = [
        source("away", "media", `${media.server.url}/away.mp4`),
        source("away-tls", "media", `${media.server.url}/away-tls.mp4`),
        source("internal", "media", "http://10.0.0.1/clip.mp4"),
        source("untrusted", "media", `${bad.url}/clip.mp4`),
        source("trusted", "media", `${good.url}/clip.mp4`),
        source("secure", "media", `${media.server.url}/secure.mp4`),
        source("secure-list", "media", `${good.url}/list.m3u`),
        source("file", "pull", `${media.server.url}/file.m3u8`),
        source("concat", "pull", `${media.server.url}/concat.m3u8`),
        source("inner", "pull", `${media.server.url}/inner.m3u8`),
        source("list", "media", `${media.server.url}/live.m3u8`),
        source("garbage", "media", `${media.server.url}/garbage.mp4`),
        source("rtsp", "pull", `rtsp://ada:s3cret@127.0.0.1:${portOf(rtsp)}/cam`),
      ];
      worker.tell({ type: "program", spec: { ...spec, sources } });
      for (const [sourceId, code] of [
        ["away", "address_refused"],
        ["away-tls", "address_refused"],
        ["internal", "address_refused"],
        ["untrusted", "tls_failed"],
        ["inner", "address_refused"],
        ["list", "unsupported_format"],
        ["garbage", "unsupported_format"],
        ["rtsp", "address_refused"],
      ] as const)
        assert.equal(await fails(worker, sourceId), code, sourceId);
      await flows(worker, "trusted");
      await flows(worker, "secure");
      await flows(worker, "secure-list");
      for (const sourceId of ["file", "concat"]) await fails(worker, sourceId);
      assert.equal(reachedInner, false);
      for (const report of worker.reports)
        if (report.type === "source" && report.flowing)
          assert.match(report.sourceId, /^(?:trusted|secure|secure-list)$/u);
      worker.tell({ type: "stop" });
      assert.equal(await worker.exited, 0);
    });
  } finally {
    if (trustedBefore === undefined) delete process.env["NODE_EXTRA_CA_CERTS"];
    else process.env["NODE_EXTRA_CA_CERTS"] = trustedBefore;
    rtsp.close();
    inner.close();
    await Promise.all(tls.map((each) => each.stop()));
    await Promise.all([trusted.remove(), untrusted.remove()]);
  }
});

function portOf(listening: ReturnType<typeof createServer>): number {
  const address = listening.address();
  return address === null || typeof address === "string" ? 0 : address.port;
}

test("streams are pulled by RTSP, RTMP, SRT and HLS, and again when they are back", async () => {
  const router = await startMediaMtxPlain();
  const publish = () => startColorPublisher(`${router.rtmpUrl}/cam`, "#ff0000");
  let publisher = await publish();
  try {
    await router.waitForPath("live/cam");
    await withOpenedWorker(media, async (worker, spec) => {
      const sources = [
        source("rtsp", "pull", router.rtspUrl("live/cam")),
        source("rtmp", "pull", `${router.rtmpUrl}/cam`),
        source("srt", "pull", router.srtReadUrl("live/cam")),
        source("hls", "pull", `${media.server.url}/live.m3u8`),
      ];
      worker.tell({ type: "program", spec: { ...spec, sources, scene: { sceneId: "s", content: solo("rtsp") } } });
      for (const { sourceId } of sources) {
        const { video, audio } = await flows(worker, sourceId);
        assert.deepEqual([video?.codec, video?.width, audio?.codec], ["h264", 320, "aac"], sourceId);
      }
      await waitFor("it is shown", () => worker.last("slate")?.onSlate === false);
      const pulled = ["rtsp", "rtmp", "srt"];
      await publisher.stop();
      for (const sourceId of pulled) {
        await fails(worker, sourceId);
        await waitFor(`${sourceId} flows no more`, () => seen(worker, sourceId)?.flowing === false);
      }
      await waitFor("the slate is on", () => worker.last("slate")?.onSlate === true);
      publisher = await publish();
      for (const sourceId of pulled) await flows(worker, sourceId);
      await waitFor("it is shown again", () => worker.last("slate")?.onSlate === false);
      assert.equal(seen(worker, "rtsp")?.error, null);
      worker.tell({ type: "stop" });
      assert.equal(await worker.exited, 0);
    });
  } finally {
    await publisher.stop();
    await router.stop();
  }
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startFfmpegListener, startNginxRtmp } from "@trax/peers";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import { sharedInstance } from "../instance.ts";
import { assertEachChangeOnce, followEvents } from "./event-log.ts";
import { eventually } from "./eventually.ts";
import { fileOwned, owned } from "./owned.ts";
import { publish } from "./publishing.ts";
import { assertWholeRecording } from "./received.ts";
import { openShow } from "./show.ts";

// Sound that RTMP servers do not take arrives as AAC, beside a picture that was not touched.

const nginx = fileOwned(() => startNginxRtmp());

describe("sound that is not AAC", { concurrency: 3 }, () => {
  for (const [audio, sampleRate] of [
    ["mp3", 44_100],
    ["opus", 48_000],
  ] as const) {
    test(`${audio} comes by SRT and leaves as AAC by RTMP and SRT`, async (context) => {
      const [show, server] = [await openShow(context, await sharedInstance()), await nginx()];
      const listener = owned(context, await startFfmpegListener({ protocol: "srt" }));
      const source = await show.addSource();
      const publisher = await publish(context, source.session.ingest, "srt", { audio, sampleRate });
      await show.untilOnline(source.id);
      assert.deepEqual((await show.source(source.id)).audio?.codec, audio);

      const byRtmp = await show.addDestination({ url: server.liveUrl, streamKey: audio });
      const bySrt = await show.addDestination({ url: listener.url });
      await show.goLive();
      await show.untilLive(byRtmp.id, bySrt.id);
      await publisher.waitForFrames(publisher.frames() + 90);
      await show.goOffline();
      await show.untilOffline();

      await eventually("ffmpeg sees the end", listener.process.hasExited, Boolean);
      const files = await eventually(
        "nginx has recorded",
        () => server.recordings(audio),
        ({ length }) => length > 0,
      );
      assert.equal(files.length, 1, "one connection only");
      await assertWholeRecording(files[0] ?? "", { frames: 90 });
      await assertWholeRecording(listener.file, { frames: 90 });
    });
  }

  test("a source that goes and returns with other sound costs no connection within the grace, and never makes two", async (context) => {
    const show = await openShow(context, await sharedInstance());
    const server = owned(context, await startRtmpServer());
    const log = await followEvents(show.account, show.studioId);
    context.after(log.close);
    const source = await show.addSource();
    const destination = await show.addDestination({ url: server.url, streamKey: "k" });
    const first = await publish(context, source.session.ingest, "srt");
    await show.untilOnline(source.id);
    await show.goLive();
    await show.untilLive(destination.id);
    const again = async (audio: "aac" | "mp3") => {
      await show.untilDestination(destination.id, "idle without a source", ({ status }) => status === "idle");
      const options = audio === "aac" ? {} : { audio, sampleRate: 44_100 };
      const publisher = await publish(context, source.session.ingest, "srt", options);
      await show.untilLive(destination.id);
      return publisher;
    };
    await first.stop();
    const other = await again("mp3");
    assert.equal(server.connections.length, 2, "sound that is to be transcoded needs another process");
    await other.stop();
    await (await again("mp3")).stop();
    await again("aac");
    assert.equal(server.connections.length, 2, "and stays there for the broadcast");
    const [one, two] = server.connections;
    assert.ok(one !== undefined && two !== undefined && one.closedAt !== null && two.publishingAt !== null);
    assert.ok(one.closedAt <= two.publishingAt, "the second began when the first had ended");
    assert.equal(two.closedAt, null);
    assertEachChangeOnce(log.events);
  });
});

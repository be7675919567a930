import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { FfmpegPublisher, NginxRtmp } from "@trax/peers";
import { sharedInstance } from "../instance.ts";
import { newKey, untilEnded } from "./nginx-view.ts";
import { publish } from "./publishing.ts";
import { assertWholeRecording } from "./received.ts";
import { openShow } from "./show.ts";
import type { Show } from "./show.ts";

/** A show on air with one destination at nginx that all is well with, whatever is done beside it. */
export type WatchedShow = {
  readonly show: Show;
  readonly publisher: FfmpegPublisher;
  /** Ends the show, and checks that this destination got every frame over one connection. */
  readonly assertHealthyGotAll: () => Promise<void>;
};

export async function openWatchedShow(context: TestContext, nginx: NginxRtmp): Promise<WatchedShow> {
  const show = await openShow(context, await sharedInstance());
  const [source, key] = [await show.addSource(), newKey()];
  const healthy = await show.addDestination({ name: "Healthy", url: nginx.liveUrl, streamKey: key });
  const publisher = await publish(context, source.session.ingest, "rtmp");
  await show.untilOnline(source.id);
  await show.goLive();
  await show.untilLive(healthy.id);
  const framesThen = publisher.frames();
  return {
    show,
    publisher,
    assertHealthyGotAll: async () => {
      const told = await show.untilDestination(
        healthy.id,
        "the healthy one is live",
        ({ status }) => status === "live",
      );
      assert.deepEqual([told.reconnects, told.droppedFrames, told.lastError], [0, 0, null]);
      const frames = publisher.frames() - framesThen;
      await show.goOffline();
      await show.untilOffline();
      await untilEnded(nginx, key);
      const recordings = await nginx.recordings(key);
      assert.equal(recordings.length, 1, "one connection");
      await assertWholeRecording(recordings[0] ?? "", { frames });
    },
  };
}

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startFfmpegListener, startNginxRtmp } from "@trax/peers";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import { forFrames, openComposedShow } from "./composed-show.ts";
import { assertSteady, readProgram } from "./counted-program.ts";
import { eventually } from "./eventually.ts";
import { newKey, untilEnded } from "./nginx-view.ts";
import { fileOwned, owned } from "./owned.ts";
import { assertWholeRecording } from "./received.ts";

// Destinations of a composed program that fail, beside ones that do not.

const nginx = fileOwned(() => startNginxRtmp());

describe("a composed program's destinations", () => {
  test("one is killed, one frozen, one refuses and one is added: the healthy ones get every frame", async (context) => {
    const server = await nginx();
    const live = await openComposedShow(context, server);
    const { show } = live;
    const killed = owned(context, await startFfmpegListener({ protocol: "rtmp" }));
    const frozen = owned(
      context,
      await startRtmpServer({ behaviour: { afterStart: { ms: 2_000, action: "stopReading" } } }),
    );
    const camera = await live.camera({ source: 9 });
    const healthy = { id: "", key: newKey() };
    healthy.id = (await show.addDestination({ name: "Healthy", url: server.liveUrl, streamKey: healthy.key })).id;
    const dying = await show.addDestination({ name: "Killed", url: killed.serverUrl, streamKey: killed.streamKey });
    const freezing = await show.addDestination({ name: "Frozen", url: frozen.url, streamKey: newKey() });
    const refusing = await show.addDestination({ name: "Refuses", url: server.keyedUrl, streamKey: "wrong-key" });
    await live.goLive();
    await show.untilLive(healthy.id, dying.id);
    await forFrames(camera, 30);
    killed.process.signal("SIGKILL");
    await show.untilDestination(dying.id, "not live any more", ({ status }) => status !== "live");
    await show.untilDestination(refusing.id, "refused", ({ lastError }) => lastError?.code === "auth_refused");

    const late = newKey();
    const { id: lateId } = await show.addDestination({ name: "Late", url: server.liveUrl, streamKey: late });
    await show.untilLive(lateId);
    await show.untilDestination(freezing.id, "not live any more", ({ status }) => status !== "live", 20_000);
    await forFrames(camera, 60);
    for (const id of [healthy.id, lateId]) {
      const told = await show.untilDestination(id, "live", ({ status }) => status === "live");
      assert.deepEqual([told.reconnects, told.droppedFrames, told.lastError], [0, 0, null]);
    }
    const first = await live.finish();
    const files = [first];
    for (const key of [healthy.key, late]) {
      await untilEnded(server, key);
      const recordings = await eventually(
        "nginx has recorded",
        () => server.recordings(key),
        ({ length }) => length > 0,
      );
      assert.equal(recordings.length, 1, "one connection");
      files.push(recordings[0] ?? "");
    }
    const received: string[] = [];
    for (const file of files) {
      await assertWholeRecording(file, { frames: 60 });
      const pictures = (await readProgram(file)).map(({ counted }) => counted);
      assertSteady(pictures);
      received.push(pictures.map((one) => one?.frame ?? "?").join(" "));
    }
    // Who was there the longest has every frame that came to the others, from their first to just before the end.
    const longest = received.toSorted((a, b) => b.length - a.length)[0] ?? "";
    for (const one of received)
      assert.ok(longest.includes(one.slice(0, -20)), `the same frames: ${received.join("\n")}`);
  });
});

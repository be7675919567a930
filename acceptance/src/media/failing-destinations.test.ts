import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { StreamStatus } from "@trax/contract";
import { startFfmpegListener, startNginxRtmp } from "@trax/peers";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import { eventually, throughout } from "./eventually.ts";
import { newKey } from "./nginx-view.ts";
import { fileOwned, owned } from "./owned.ts";
import { destinationOf } from "./show.ts";
import { openWatchedShow } from "./watched-show.ts";

// Destinations that take the stream and then stop: told within 10 s, tried again, and no other one notices.

const nginx = fileOwned(() => startNginxRtmp());
/** How long a destination may be told to be live after its peer took nothing any more. */
const honestMs = 10_000;
/** How long the stubborn server reads before it is as frozen as the others. */
const readsForMs = 4_000;

describe("destinations that fail on air", { concurrency: 3 }, () => {
  test("frozen peers are not live any more within ten seconds, and are again when they thaw", async (context) => {
    const frozen = owned(context, await startNginxRtmp());
    const [byRtmp, bySrt] = [
      owned(context, await startFfmpegListener({ protocol: "rtmp" })),
      owned(context, await startFfmpegListener({ protocol: "srt" })),
    ];
    const server = owned(
      context,
      await startRtmpServer({ behaviour: { afterStart: { ms: readsForMs, action: "stopReading" } } }),
    );
    const { show, assertHealthyGotAll } = await openWatchedShow(context, await nginx());
    const nginxId = (await show.addDestination({ name: "nginx", url: frozen.liveUrl, streamKey: newKey() })).id;
    const rtmpId = (await show.addDestination({ name: "ffmpeg", url: byRtmp.serverUrl, streamKey: byRtmp.streamKey }))
      .id;
    const srtId = (await show.addDestination({ name: "ffmpeg, SRT", url: bySrt.url })).id;
    await show.untilLive(nginxId, rtmpId, srtId);
    const stubbornId = (await show.addDestination({ name: "stubborn", url: server.url, streamKey: newKey() })).id;
    await show.untilLive(nginxId, rtmpId, srtId, stubbornId);
    server.behave({ silentFrom: "handshake" });
    const others = [frozen.process, byRtmp.process, bySrt.process];
    for (const process of others) process.signal("SIGSTOP");

    const ids = [nginxId, rtmpId, srtId, stubbornId];
    const noneIsLive = (status: StreamStatus) => ids.every((id) => destinationOf(status, id).status !== "live");
    await show.until("none of them is told to be live", noneIsLive, readsForMs + honestMs);
    // Their kernels accept connections still: nobody is there for all that.
    await throughout("none of them is told to be live again", show.status, noneIsLive, 5_000);
    const told = await show.status();
    for (const id of ids) {
      const { code = "" } = destinationOf(told, id).lastError ?? {};
      assert.ok(["write_timeout", "connect_failed", "closed_by_peer"].includes(code), JSON.stringify(told));
    }

    frozen.process.signal("SIGCONT");
    const back = await show.untilDestination(nginxId, "live again", ({ status }) => status === "live");
    assert.equal(back.reconnects, 1);
    await assertHealthyGotAll();
  });

  for (const action of ["close", "reset"] as const) {
    test(`a peer that does a ${action} after two seconds, again and again, and then does no more`, async (context) => {
      const server = owned(context, await startRtmpServer({ behaviour: { afterStart: { ms: 2_000, action } } }));
      const { show, assertHealthyGotAll } = await openWatchedShow(context, await nginx());
      const { id } = await show.addDestination({ name: "Fickle", url: server.url, streamKey: newKey() });
      const lost = await show.untilDestination(id, "lost", ({ lastError }) => lastError !== null);
      assert.equal(lost.lastError?.code, "closed_by_peer", JSON.stringify(lost));
      assert.match(lost.lastError?.message ?? "", /closed the connection|broke the connection off/);
      await eventually(
        "it is tried again",
        () => server.connections.length,
        (count) => count >= 3,
      );
      assert.ok(
        server.connections.slice(0, -1).every((one) => one.closed),
        "one connection at a time",
      );
      server.behave({});
      const count = server.connections.length;
      await eventually(
        "a connection that stays",
        () => server.connections.length > count && server.connections.at(-1)?.closed === false,
        Boolean,
      );
      const back = await show.untilDestination(id, "live", ({ status }) => status === "live");
      assert.ok(back.reconnects >= 2, JSON.stringify(back));
      await assertHealthyGotAll();
    });
  }

  test("of a slow reader no more is told than it has read", async (context) => {
    const server = owned(context, await startRtmpServer({ behaviour: { bytesPerSecond: 15_000 } }));
    const { show, assertHealthyGotAll } = await openWatchedShow(context, await nginx());
    const { id } = await show.addDestination({ name: "Slow", url: server.url, streamKey: newKey() });
    await show.untilLive(id);
    await throughout(
      "no more is told than was read",
      async () => ({
        told: destinationOf(await show.status(), id),
        read: server.connections.reduce((sum, one) => sum + one.bytesIn, 0),
      }),
      ({ told, read }) => told.sentBytes <= read && told.bitrate < 240_000,
      8_000,
    );
    await assertHealthyGotAll();
  });
});

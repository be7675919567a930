import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { StreamStatus } from "@trax/contract";
import { startFfmpegListener, startNginxRtmp, tempDirectory, writeTestCertificate } from "@trax/peers";
import type { TestCertificate } from "@trax/peers";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import { startHostsFile } from "../hosts-file.ts";
import { startInstance } from "../instance.ts";
import { forFrames, openComposedShow } from "./composed-show.ts";
import { assertSteady, readProgram } from "./counted-program.ts";
import { eventually } from "./eventually.ts";
import { newKey, untilEnded } from "./nginx-view.ts";
import { atEnd, fileOwned, owned } from "./owned.ts";
import { assertWholeRecording } from "./received.ts";
import { destinationOf } from "./show.ts";

// Seven destinations of a composed program, each with a trouble of its own, beside two that all is well with.

/** A server's certificate, good at first, and the same expired; an operator's own authority for both. */
const certificates = fileOwned(async () => {
  const [good, expired] = [await tempDirectory("good"), await tempDirectory("expired")];
  const read = async ({ certPath, keyPath, pem }: TestCertificate) => ({
    pem,
    tls: { key: await readFile(keyPath, "utf8"), cert: await readFile(certPath, "utf8") },
  });
  const [now, then] = [
    await read(await writeTestCertificate(good.path)),
    await read(await writeTestCertificate(expired.path, { expired: true })),
  ];
  const authority = join(good.path, "authority.pem");
  await writeFile(authority, `${now.pem}\n${then.pem}`);
  return {
    authority,
    good: now.tls,
    expired: then.tls,
    stop: async () => {
      await good.remove();
      await expired.remove();
    },
  };
});
const nginx = fileOwned(() => startNginxRtmp({ keys: [] }));

test("destinations that die, freeze, refuse, read slowly, reset, lose their name or have an expired certificate: the others get every frame", async (context) => {
  const { authority, good, expired } = await certificates();
  const fadingName = "ingest.trax.invalid";
  const hosts = await startHostsFile(fadingName);
  const instance = await startInstance({ NODE_EXTRA_CA_CERTS: authority }, hosts.prefix);
  const server = await nginx();
  const live = await openComposedShow(context, server, {}, instance);
  atEnd(context, () => instance.stop());
  atEnd(context, () => hosts.stop());
  const { show } = live;
  const camera = await live.camera({ source: 5 });

  const killed = owned(context, await startFfmpegListener({ protocol: "rtmp" }));
  const frozen = owned(context, await startNginxRtmp());
  const fickle = owned(
    context,
    await startRtmpServer({ behaviour: { afterStart: { ms: 3_000, action: "reset" } }, keepPayloads: false }),
  );
  const secured = owned(context, await startRtmpServer({ tls: good, keepPayloads: false }));
  const fading = owned(context, await startRtmpServer({ keepPayloads: false }));
  const slow = owned(context, await startRtmpServer({ keepPayloads: false }));
  const add = async (name: string, url: string, streamKey = newKey()) =>
    (await show.addDestination({ name, url, streamKey })).id;

  const healthyKey = newKey();
  const healthy = await add("Healthy", server.liveUrl, healthyKey);
  const ids = {
    killed: await add("Killed", killed.serverUrl, killed.streamKey ?? newKey()),
    frozen: await add("Frozen", frozen.liveUrl),
    refusing: await add("Refusing", server.keyedUrl),
    fickle: await add("Resets", fickle.url),
    fading: await add("Loses its name", `rtmp://${fadingName}:${fading.port}/live`),
    secured: await add("Expires", secured.url),
  };
  await live.goLive();
  await show.untilLive(healthy, ids.killed, ids.frozen, ids.secured, ids.fading);
  // Half of what the program sends, as the healthy one has it.
  const { bitrate } = await show.untilDestination(healthy, "takes it", (one) => one.bitrate > 50_000);
  slow.behave({ bytesPerSecond: Math.round(bitrate / 16) });
  const slowId = await add("Slow", slow.url);
  await show.untilLive(slowId);

  killed.process.signal("SIGKILL");
  await forFrames(camera, 15);
  frozen.process.signal("SIGSTOP");
  await forFrames(camera, 15);
  secured.certify(expired);
  secured.disconnect();
  await forFrames(camera, 15);
  await hosts.hold();
  fading.disconnect();
  const nameless = await show.untilDestination(
    ids.fading,
    "its name is gone",
    (one) => one.lastError?.code === "dns_failed",
  );
  assert.equal(nameless.status, "reconnecting");
  assert.match(nameless.lastError?.message ?? "", /name can no longer be found/);
  await hosts.hold(fadingName);

  const troubles: readonly (readonly [id: string, codes: readonly string[]])[] = [
    [ids.killed, ["closed_by_peer", "connect_failed"]],
    [ids.frozen, ["write_timeout", "connect_failed", "closed_by_peer"]],
    [ids.refusing, ["auth_refused"]],
    [ids.fickle, ["closed_by_peer"]],
    [ids.fading, ["dns_failed"]],
    [ids.secured, ["tls_failed"]],
  ];
  const notLive = (one: StreamStatus) =>
    [ids.killed, ids.frozen, ids.refusing, ids.secured].every((id) => destinationOf(one, id).status !== "live");
  const seen = await show.until(
    "each trouble is told",
    (one) =>
      notLive(one) && troubles.every(([id, codes]) => codes.includes(destinationOf(one, id).lastError?.code ?? "none")),
    30_000,
  );
  assert.match(destinationOf(seen, ids.secured).lastError?.message ?? "", /certificate has expired/);

  // What waits for it waits in the kernels at first; it is told no more than it reads.
  const { bitrate: slowBitrate, sentBytes } = destinationOf(seen, slowId);
  assert.ok(slowBitrate < 0.75 * bitrate, `${slowBitrate} of ${bitrate}`);
  assert.ok(sentBytes <= slow.connections.reduce((sum, one) => sum + one.bytesIn, 0));
  frozen.process.signal("SIGCONT");
  await show.untilLive(ids.frozen, ids.fading);
  assert.equal(destinationOf(await show.status(), ids.fading).reconnects, 1);
  await forFrames(camera, 30);

  const told = await show.untilDestination(healthy, "live", ({ status }) => status === "live");
  assert.deepEqual([told.reconnects, told.droppedFrames, told.lastError], [0, 0, null]);
  const files = [await live.finish()];
  await untilEnded(server, healthyKey);
  const recordings = await eventually(
    "nginx has recorded",
    () => server.recordings(healthyKey),
    ({ length }) => length > 0,
  );
  assert.equal(recordings.length, 1, "one connection");
  files.push(recordings[0] ?? "");
  for (const file of files) {
    await assertWholeRecording(file, { frames: 150 });
    assertSteady((await readProgram(file)).map(({ counted }) => counted));
  }
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { DestinationStreamStatus } from "@trax/contract";
import {
  freePort,
  freeUdpPort,
  startFfmpegPublisher,
  startMediaMtxPlain,
  startNginxRtmp,
  startNodeMediaServer,
  tempDirectory,
  writeTestCertificate,
} from "@trax/peers";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import type { RtmpServerBehaviour } from "@trax/peers/rtmp-server/behaviour";
import { readFile } from "node:fs/promises";
import { eventually, throughout } from "./eventually.ts";
import { newKey, untilPublished } from "./nginx-view.ts";
import { fileOwned, owned } from "./owned.ts";
import { destinationOf } from "./show.ts";
import { openWatchedShow } from "./watched-show.ts";

// Destinations that refuse the stream: each says why in words for a streamer, and none is told to be live that took nothing.

const nginx = fileOwned(() => startNginxRtmp({ keys: [] }));
const mediaMtx = fileOwned(() => startMediaMtxPlain());

type Refusing = {
  readonly name: string;
  readonly url: string;
  readonly code: NonNullable<DestinationStreamStatus["lastError"]>["code"];
  readonly says: RegExp;
  /** It acknowledges media, and only then sees that it does not want it. */
  readonly takesAtFirst?: boolean;
};

async function selfSigned(context: TestContext): Promise<{ key: string; cert: string }> {
  const directory = await tempDirectory("certificate");
  context.after(directory.remove);
  const { certPath, keyPath } = await writeTestCertificate(directory.path);
  return { key: await readFile(keyPath, "utf8"), cert: await readFile(certPath, "utf8") };
}

async function refusing(context: TestContext, key: string): Promise<readonly Refusing[]> {
  const [server, router] = [await nginx(), await mediaMtx()];
  const stubborn = async (behaviour: RtmpServerBehaviour) => owned(context, await startRtmpServer({ behaviour })).url;
  const signed = owned(context, await startNodeMediaServer({ secret: "a secret of its own" }));
  const tls = owned(context, await startRtmpServer({ tls: await selfSigned(context) }));
  for (const url of [`${server.liveUrl}/${key}`, `${router.rtmpUrl}/${key}`])
    await owned(context, await startFfmpegPublisher({ url })).waitForFrames(10);
  await untilPublished(server, key);
  await router.waitForPath(`live/${key}`);
  const refuse = { at: "publish", code: "NetStream.Publish.Denied", description: "no such key: {key}" } as const;
  return [
    {
      name: "never answers",
      url: await stubborn({ silentFrom: "handshake" }),
      code: "connect_failed",
      says: /in time/,
    },
    {
      name: "never answers publish",
      url: await stubborn({ silentFrom: "publish" }),
      code: "connect_failed",
      says: /in time/,
    },
    {
      name: "refuses, with the key in its text",
      url: await stubborn({ refuse }),
      code: "auth_refused",
      says: /refused the stream key/,
    },
    {
      name: "closes when it is given the key",
      url: await stubborn({ closeAt: "publish" }),
      code: "auth_refused",
      says: /refused the key/,
    },
    {
      name: "speaks nonsense",
      url: await stubborn({ nonsenseAt: "connect" }),
      code: "protocol_error",
      says: /proper RTMP/,
    },
    { name: "nginx, wrong key", url: server.keyedUrl, code: "auth_refused", says: /refused the key/ },
    {
      name: "nginx, unknown path",
      url: server.liveUrl.replace("/live", "/nothing"),
      code: "auth_refused",
      says: /path in the URL/,
    },
    { name: "nginx, key in use", url: server.liveUrl, code: "name_in_use", says: /already streaming with this key/ },
    {
      name: "MediaMTX, key in use",
      url: router.rtmpUrl,
      code: "closed_by_peer",
      says: /refused or in use/,
      takesAtFirst: true,
    },
    {
      name: "MediaMTX by SRT, name in use",
      url: router.srtPublishUrl(`live/${key}`),
      code: "closed_by_peer",
      says: /refused or in use/,
      takesAtFirst: true,
    },
    { name: "node-media-server, wrong key", url: signed.rtmpUrl, code: "auth_refused", says: /refused or in use/ },
    {
      name: "nobody knows its certificate",
      url: tls.url,
      code: "tls_failed",
      says: /signed by nobody that is trusted/,
    },
    {
      name: "no TLS there",
      url: server.liveUrl.replace("rtmp:", "rtmps:"),
      code: "tls_failed",
      says: /rtmp:\/\/ rather than rtmps/,
    },
    {
      name: "nobody listens",
      url: `rtmp://127.0.0.1:${await freePort()}/live`,
      code: "connect_failed",
      says: /refuses connections/,
    },
    {
      name: "nobody listens, SRT",
      url: `srt://127.0.0.1:${await freeUdpPort()}`,
      code: "connect_failed",
      says: /did not answer/,
    },
    { name: "no such name", url: "rtmp://nowhere.invalid/live", code: "dns_failed", says: /name could not be found/ },
  ];
}

describe("destinations that refuse", { concurrency: 2 }, () => {
  test("say why, and one beside them gets every frame", async (context) => {
    const key = newKey();
    const all = await refusing(context, key);
    const { show, assertHealthyGotAll } = await openWatchedShow(context, await nginx());
    const statuses = new Map<string, Set<string>>();
    const made = new Map<string, string>();
    for (const { name, url } of all) {
      const destination = await show.addDestination({
        name,
        url,
        ...(url.startsWith("srt:") ? {} : { streamKey: key }),
      });
      made.set(name, destination.id);
      statuses.set(name, new Set());
    }
    const seen = await eventually(
      "each has failed",
      async () => {
        const status = await show.status();
        for (const [name, id] of made) statuses.get(name)?.add(destinationOf(status, id).status);
        return status;
      },
      (status) => [...made.values()].every((id) => destinationOf(status, id).lastError !== null),
    );

    for (const { name, code, says, takesAtFirst = false } of all) {
      await context.test(name, () => {
        const { lastError } = destinationOf(seen, made.get(name) ?? "");
        assert.equal(lastError?.code, code, JSON.stringify(lastError));
        assert.match(lastError?.message ?? "", says);
        assert.doesNotMatch(lastError?.message ?? "", new RegExp(key), "no key in what is shown");
        if (!takesAtFirst) assert.equal(statuses.get(name)?.has("live"), false, "never live");
      });
    }
    assert.equal(seen.health.level, "degraded");
    const { message } = seen.health.reasons.find((reason) => reason.message.startsWith("nginx, wrong key")) ?? {};
    assert.match(message ?? "", /refused the key/, "health has the reason");
    await assertHealthyGotAll();
  });

  test("one is not hammered, and recovers by itself once it accepts", async (context) => {
    const server = await nginx();
    const stubborn = owned(
      context,
      await startRtmpServer({
        behaviour: { refuse: { at: "publish", code: "NetStream.Publish.Denied", description: "no" } },
      }),
    );
    const { show, assertHealthyGotAll } = await openWatchedShow(context, server);
    const key = newKey();
    const keyed = await show.addDestination({ name: "Keyed", url: server.keyedUrl, streamKey: key });
    const refused = await show.addDestination({ name: "Refused", url: stubborn.url, streamKey: key });
    for (const { id } of [keyed, refused])
      await show.untilDestination(id, "refused", ({ status, lastError }) => status === "failed" && lastError !== null);
    await throughout("not live", show.status, (status) => destinationOf(status, keyed.id).status === "failed", 5_000);
    assert.ok(stubborn.connections.length <= 8, `${stubborn.connections.length} attempts`);

    server.keys.add(key);
    stubborn.behave({});
    await show.untilLive(keyed.id, refused.id);
    await untilPublished(server, key);
    const told = await show.until("well again", ({ health }) => health.level === "good");
    assert.deepEqual(
      told.destinations.map((one) => [one.reconnects, one.lastError?.code]),
      [
        [0, undefined],
        [0, "auth_refused"],
        [0, "auth_refused"],
      ],
      "the reason stays to be read",
    );
    await assertHealthyGotAll();
  });
});

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import { freePort } from "@trax/peers/ports";
import type { RtmpServerBehaviour } from "@trax/peers/rtmp-server/behaviour";
import { type RtmpServer, startRtmpServer } from "@trax/peers/rtmp-server/server";
import { tempDirectory } from "@trax/peers/temp-directory";
import { waitFor } from "@trax/peers/wait-for";
import { writeTestCertificate } from "@trax/peers/certificate";
import { makeTestMedia } from "./testing/flv.ts";
import { sendInRealTime, startPublishing, type PublishingOptions } from "./testing/publishing.ts";
import type { CloseReason } from "./errors.ts";
import type { MediaMessage } from "./message.ts";
import { OutgoingMessage } from "./outgoing.ts";

const key = "s3cret-key?token=abcdef123456";

let media: MediaMessage[] = [];

before(async () => {
  media = await makeTestMedia({ seconds: 4, bitrate: 1_000_000 });
});

/** Runs against a server of that behaviour, and stops both ends whatever happens. */
async function withServer(behaviour: RtmpServerBehaviour, use: (server: RtmpServer) => Promise<void>): Promise<void> {
  const server = await startRtmpServer({ behaviour });
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

/** Publishes in real time to such a server until the connection ends by itself. */
async function endOf(
  behaviour: RtmpServerBehaviour,
  options: PublishingOptions = {},
): Promise<{ reason: CloseReason; events: string[]; afterMs: number }> {
  const beganAt = performance.now();
  const outcome = Promise.withResolvers<{ reason: CloseReason; events: string[]; afterMs: number }>();
  await withServer(behaviour, async (server) => {
    const { publisher, events, started, closed } = startPublishing(server.url, key, options);
    const sending = started.then(
      () => sendInRealTime(media, publisher),
      () => null,
    );
    const reason = await closed;
    (await sending)?.();
    assert.ok(reason !== null);
    assert.equal(events.filter((event) => event === "closed").length, 1);
    assert.ok(!JSON.stringify(reason).includes("s3cret"), reason.message);
    assert.ok(!JSON.stringify(reason).includes("abcdef"), reason.message);
    outcome.resolve({ reason, events, afterMs: performance.now() - beganAt });
  });
  return outcome.promise;
}

suite("a server that takes everything", () => {
  test("gets every message as it was, and a goodbye", async () => {
    await withServer({}, async (server) => {
      const { publisher, events, started, taken, closed, sendAll } = startPublishing(server.url, key);
      await started;
      sendAll(media);
      await taken;
      const [connection] = server.connections;
      assert.ok(connection !== undefined);
      await waitFor("all has arrived", () => connection.media.length === media.length);
      assert.equal(connection.problem, null);
      assert.deepEqual(
        connection.media.map(({ kind, timestamp }) => [kind, timestamp]),
        media.map(({ kind, timestamp }) => [kind, timestamp]),
      );
      for (const [index, { kind, payload }] of connection.media.entries()) {
        const expected = media[index]?.payload ?? Buffer.alloc(0);
        const bytes = kind === "data" ? payload.subarray(payload.length - expected.length) : payload;
        assert.ok(bytes.equals(expected), `message ${index}`);
      }
      assert.equal(connection.media[0]?.payload.toString("latin1", 3, 16), "@setDataFrame");
      publisher.close();
      assert.equal(await closed, null);
      await waitFor("the goodbye", () => connection.closed);
      assert.equal(connection.saidGoodbye, true);
      assert.equal(connection.streamName, key);
      assert.equal(connection.tcUrl, server.url);
      assert.equal(connection.app, "live");
      assert.deepEqual(events, ["publishing", "taken", "closed"]);
      assert.deepEqual(
        connection.commands.map(({ name }) => name),
        ["connect", "releaseStream", "FCPublish", "createStream", "publish", "FCUnpublish", "deleteStream"],
      );
    });
  });

  test("tells by acknowledgements how much it took", async () => {
    await withServer({}, async (server) => {
      const { publisher, started, closed, sendAll } = startPublishing(server.url, key);
      await started;
      sendAll(media);
      await waitFor("most is taken", () => publisher.taken().takenBytes > publisher.writtenBytes - 70_000);
      const { takenBytes, acknowledges, takenAt } = publisher.taken();
      assert.equal(acknowledges, true);
      assert.ok(takenBytes <= publisher.writtenBytes);
      assert.ok(takenAt !== null && takenAt <= performance.now());
      publisher.close();
      await closed;
    });
  });

  test("that never acknowledges is believed after a while, by what left our kernel", async () => {
    await withServer({ acknowledge: false }, async (server) => {
      const { publisher, started, taken, closed } = startPublishing(server.url, key);
      await started;
      const startedAt = performance.now();
      const stop = sendInRealTime(media, publisher);
      await taken;
      stop();
      assert.ok(performance.now() - startedAt >= 3000);
      assert.equal(publisher.taken().acknowledges, false);
      assert.ok(publisher.taken().takenBytes > 512 * 1024);
      publisher.close();
      await closed;
    });
  });

  test("timestamps past 24 and 32 bits arrive", async () => {
    await withServer({}, async (server) => {
      const { publisher, started, closed, sendAll } = startPublishing(server.url, key);
      const frame = Buffer.concat([Buffer.of(0x17, 1, 0, 0, 0), Buffer.alloc(200_000, 1)]);
      const times = [0xfffffe, 0xffffff, 0x1000000, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 40];
      await started;
      sendAll(
        times.map((timestamp) => ({ kind: "video", timestamp, payload: frame, keyframe: true, configuration: false })),
      );
      const [connection] = server.connections;
      await waitFor("all has arrived", () => connection?.media.length === times.length);
      assert.deepEqual(
        connection?.media.map(({ timestamp, payload }) => [timestamp, payload.equals(frame)]),
        times.map((timestamp) => [timestamp % 2 ** 32, true]),
      );
      publisher.close();
      await closed;
    });
  });
});

suite("a server that refuses", () => {
  const cases: [string, RtmpServerBehaviour, CloseReason["code"], RegExp][] = [
    ["a key, by closing", { closeAt: "publish" }, "auth_refused", /refused the key/],
    ["an application, by closing", { closeAt: "connect" }, "auth_refused", /path in the URL/],
    [
      "a key, with words that repeat it",
      {
        refuse: {
          at: "publish",
          code: "NetStream.Publish.Unauthorized",
          description: "authentication of {key} failed",
        },
      },
      "auth_refused",
      /NetStream\.Publish\.Unauthorized: authentication of \[stream key\] failed/,
    ],
    [
      "a name in use",
      { refuse: { at: "publish", code: "NetStream.Publish.BadName", description: "Already publishing" } },
      "name_in_use",
      /Already publishing/,
    ],
    [
      "at connect",
      { refuse: { at: "connect", code: "NetConnection.Connect.Rejected", description: "Monthly quota reached" } },
      "auth_refused",
      /Monthly quota reached/,
    ],
    ["the key, after it said yes", { afterStart: { ms: 60, action: "close" } }, "auth_refused", /agreed .* refused/],
    [
      "with an error after it said yes",
      {
        afterStart: {
          ms: 500,
          action: "close",
          status: { code: "NetStream.Publish.Denied", description: "You are banned" },
        },
      },
      "auth_refused",
      /You are banned/,
    ],
    ["to speak RTMP", { nonsenseAt: "handshake" }, "protocol_error", /not RTMP/],
    ["to make sense later", { nonsenseAt: "connect" }, "protocol_error", /proper RTMP/],
    ["to make sense while live", { afterStart: { ms: 300, action: "nonsense" } }, "protocol_error", /proper RTMP/],
  ];
  for (const [what, behaviour, code, words] of cases) {
    test(what, async () => {
      const { reason } = await endOf(behaviour);
      assert.equal(reason.code, code, reason.message);
      assert.match(reason.message, words);
    });
  }
});

suite("a server that fails", { concurrency: 3 }, () => {
  test("by never answering, at any step", async () => {
    for (const silentFrom of ["handshake", "connect", "createStream", "publish"] as const) {
      const { reason, afterMs } = await endOf({ silentFrom }, { startTimeoutMs: 300 });
      assert.equal(reason.code, "connect_failed", silentFrom);
      assert.match(reason.message, /did not answer/);
      assert.ok(afterMs >= 300);
    }
  });

  test("by closing or resetting a live stream", async () => {
    const closes = await endOf({ afterStart: { ms: 1500, action: "close" } });
    assert.deepEqual([closes.reason.code, closes.events], ["closed_by_peer", ["publishing", "taken", "closed"]]);
    const resets = await endOf({ afterStart: { ms: 1500, action: "reset" } });
    assert.equal(resets.reason.code, "closed_by_peer");
    assert.match(resets.reason.message, /broke the connection off/);
  });

  test("by reading nothing any more, after it acknowledged or without ever doing so", async () => {
    const stopReading = { ms: 2000, action: "stopReading" } as const;
    const [acknowledged, silent] = await Promise.all([
      endOf({ afterStart: stopReading }, { writeTimeoutMs: 2000 }),
      endOf({ afterStart: stopReading, acknowledge: false }, { writeTimeoutMs: 2000 }),
    ]);
    for (const { reason } of [acknowledged, silent]) assert.equal(reason.code, "write_timeout", reason.message);
    assert.deepEqual(acknowledged.events, ["publishing", "taken", "closed"]);
  });

  test("by reading nothing from the start is never said to take", async () => {
    const stopReading = { ms: 0, action: "stopReading" } as const;
    const ends = await Promise.all(
      [true, false].map((acknowledge) => endOf({ afterStart: stopReading, acknowledge }, { writeTimeoutMs: 3000 })),
    );
    for (const { reason, events } of ends) {
      assert.equal(reason.code, "write_timeout");
      assert.deepEqual(events, ["publishing", "closed"]);
    }
  });

  test("by not being there", async () => {
    const port = await freePort();
    const { closed } = startPublishing(`rtmp://127.0.0.1:${port}/live`, key);
    assert.equal((await closed)?.code, "connect_failed");
  });
});

test("closing before anything has happened is still a close", async () => {
  await withServer({}, async (server) => {
    const { publisher, closed, events } = startPublishing(server.url, key);
    publisher.close();
    publisher.close();
    assert.equal(await closed, null);
    assert.deepEqual(events, ["closed"]);
  });
});

test("a full queue drops video up to a keyframe that fits, and never configuration", async () => {
  await withServer({ bytesPerSecond: 3_000_000 }, async (server) => {
    const { publisher, started, closed } = startPublishing(server.url, key, { maxQueueBytes: 300_000 });
    await started;
    const [connection] = server.connections;
    assert.ok(connection !== undefined);
    const send = (timestamp: number, keyframe: boolean, configuration = false): void => {
      const payload = Buffer.alloc(configuration ? 50 : 100_000, timestamp & 0xff);
      publisher.send(new OutgoingMessage({ kind: "video", timestamp, payload, keyframe, configuration }));
    };
    let timestamp = 0;
    send(timestamp, false, true);
    for (; publisher.droppedFrames === 0; timestamp += 1) send(timestamp, timestamp === 0);
    const droppedFrom = timestamp - 1;
    send(timestamp, false, true);
    await waitFor("the queue has emptied", () => publisher.queuedBytes === 0);
    send(timestamp + 1, false);
    send(timestamp + 2, true);
    send(timestamp + 3, false);
    assert.equal(publisher.droppedFrames, 2);
    await waitFor("the last has arrived", () => connection.media.at(-1)?.timestamp === timestamp + 3);
    assert.deepEqual(
      connection.media.slice(1).map((message) => message.timestamp),
      [...Array.from({ length: droppedFrom }, (_, index) => index), timestamp, timestamp + 2, timestamp + 3],
    );
    publisher.close();
    await closed;
  });
});

suite("over TLS", () => {
  let server: RtmpServer | null = null;
  let plain: RtmpServer | null = null;
  let ca = "";

  before(async () => {
    const directory = await tempDirectory("rtmps");
    try {
      const { certPath, keyPath, pem } = await writeTestCertificate(directory.path);
      const [cert, secret] = [await readFile(certPath, "utf8"), await readFile(keyPath, "utf8")];
      server = await startRtmpServer({ tls: { cert, key: secret } });
      plain = await startRtmpServer();
      ca = pem;
    } finally {
      await directory.remove();
    }
  });
  after(async () => {
    await server?.stop();
    await plain?.stop();
  });

  test("a certificate for the name, or the address, is taken", async () => {
    for (const serverName of ["localhost", "127.0.0.1"]) {
      const { publisher, started, taken, closed, sendAll } = startPublishing(server?.url ?? "", key, {
        tls: { serverName, ca },
      });
      await started;
      sendAll(media);
      await taken;
      publisher.close();
      assert.equal(await closed, null);
      const connection = server?.connections.at(-1);
      await waitFor("all has arrived", () => connection?.closed);
      assert.equal(connection?.media.length, media.length);
      assert.equal(connection.problem, null);
    }
  });

  test("another name, an unknown signer, or no TLS at all is not", async () => {
    const refused: [string, PublishingOptions, RegExp][] = [
      [server?.url ?? "", { tls: { serverName: "live.example.com", ca } }, /another name/],
      [server?.url ?? "", { tls: { serverName: "192.0.2.1", ca } }, /another name/],
      [server?.url ?? "", { tls: { serverName: "localhost" } }, /nobody that is trusted/],
      [plain?.url ?? "", { tls: { serverName: "localhost", ca } }, /TLS/],
    ];
    for (const [url, options, words] of refused) {
      const { closed, events } = startPublishing(url, key, { connectTimeoutMs: 1000, ...options });
      const reason = await closed;
      assert.equal(reason?.code, "tls_failed", reason?.message);
      assert.match(reason?.message ?? "", words);
      assert.deepEqual(events, ["closed"]);
    }
  });
});

import assert from "node:assert/strict";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { tempDirectory, waitFor } from "@trax/peers";
import { audioConfiguration, audioFrame, videoConfiguration, videoFrame } from "../../relay/testing/messages.ts";
import type { CloseReason } from "../../rtmp/errors.ts";
import type { MediaMessage } from "../../rtmp/message.ts";
import { connectLink } from "./client.ts";
import { encodeLinkMessage, LinkDecoder, LinkProtocolError } from "./framing.ts";
import { LinkServer } from "./server.ts";

function play(path: string) {
  const messages: MediaMessage[] = [];
  const closed = Promise.withResolvers<CloseReason | null>();
  const client = connectLink(path, { onMessage: (message) => messages.push(message), onClosed: closed.resolve });
  return { client, messages, closed: closed.promise };
}

async function withServer(run: (path: string, server: LinkServer) => Promise<void>): Promise<void> {
  const directory = await tempDirectory("link");
  const path = join(directory.path, "l");
  const server = await LinkServer.listen(path);
  try {
    await run(path, server);
  } finally {
    await server.close();
    await directory.remove();
  }
}

test("messages come out as they went in, however the bytes are cut", () => {
  const sent = [videoConfiguration(0), videoFrame(0.5, { keyframe: true, size: 1_000 }), audioFrame(2 ** 33)];
  const bytes = Buffer.concat(sent.map(encodeLinkMessage));
  for (const size of [1, 13, 14, 15, 700, bytes.length]) {
    const decoder = new LinkDecoder();
    const received: MediaMessage[] = [];
    for (let at = 0; at < bytes.length; at += size) received.push(...decoder.push(bytes.subarray(at, at + size)));
    assert.deepEqual(received, sent);
  }
  assert.throws(() => new LinkDecoder().push(Buffer.alloc(14, 0xff)), LinkProtocolError);
});

test("who connects late gets configuration and the current keyframe group, then what follows", async () => {
  await withServer(async (path, server) => {
    const early = play(path);
    await waitFor("it is connected", () => server.clients === 1);
    const before = [videoConfiguration(0), audioConfiguration(0), videoFrame(0, { keyframe: true }), videoFrame(33)];
    const group = [videoFrame(67, { keyframe: true }), audioFrame(70), videoFrame(100)];
    for (const message of [...before, ...group]) server.send(message);
    const late = play(path);
    await waitFor("the group is there", () => late.messages.length === 5);
    server.send(videoFrame(133));
    await waitFor("and what follows", () => late.messages.length === 6 && early.messages.length === 8);
    assert.deepEqual(
      late.messages.map((message) => message.timestamp),
      [0, 0, 67, 70, 100, 133],
    );
    assert.ok(late.client.receivedBytes > 0);
    late.client.close();
    assert.equal(await late.closed, null);
    await waitFor("it is gone", () => server.clients === 1);
    await server.close();
    assert.equal((await early.closed)?.code, "closed_by_peer");
  });
});

test("where nobody listens any more, connecting fails and the next server takes the path", async () => {
  await withServer(async (path, server) => {
    await server.close();
    assert.equal((await play(path).closed)?.code, "connect_failed");
    const next = await LinkServer.listen(path);
    const again = await LinkServer.listen(path);
    const playing = play(path);
    await waitFor("the newest has it", () => again.clients === 1);
    await next.close();
    playing.client.close();
    await again.close();
  });
});

test("a client that takes nothing is cut off, and no other notices", async () => {
  await withServer(async (path, server) => {
    const steady = play(path);
    const frozen = connect(path);
    frozen.pause();
    await waitFor("both are there", () => server.clients === 2);
    server.send(videoConfiguration(0));
    for (let frame = 0; frame < 40; frame += 1) {
      server.send(videoFrame(frame * 33, { keyframe: frame % 5 === 0, size: 1 << 20 }));
      await waitFor("the steady one has it", () => steady.messages.length === frame + 2);
    }
    await waitFor("the frozen one is cut off", () => server.clients === 1);
    frozen.destroy();
    steady.client.close();
  });
});

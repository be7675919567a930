import assert from "node:assert/strict";
import { test } from "node:test";
import { waitFor } from "@trax/peers";
import type { MediaMessage } from "../rtmp/message.ts";
import { makeTestMedia } from "../rtmp/testing/flv.ts";
import { ingest } from "./testing/program-worker.ts";
import { SourceInput } from "./source-input.ts";
import type { ReaderListener } from "./source-input.ts";

const media = (await makeTestMedia({ seconds: 1, size: "160x90", fps: 10 })).filter(({ kind }) => kind === "video");
const configurations = media.filter(({ configuration }) => configuration);
/** Without the mark of the end. */
const frames = media.filter(({ configuration, payload }) => !configuration && payload.length > 5);

/** A source that is played by a test: time goes on as it is told to. */
function open() {
  let now = 0;
  let reader: ReaderListener | null = null;
  const input = new SourceInput(
    { ...ingest("src_1", "rtmp://127.0.0.1/in/src_1"), silenceMs: 1_000 },
    () => now,
    { onAudio: () => undefined, onInterrupted: () => undefined },
    (_, listener) => {
      reader = listener;
      return { receivedBytes: 0, tick: () => undefined, close: () => undefined };
    },
  );
  const listener = (): ReaderListener => reader ?? assert.fail("nothing was opened");
  /** Ten messages a second from `from` on, each at its time. */
  const send = (messages: readonly MediaMessage[], from: number) => {
    for (const [index, message] of messages.entries()) {
      now = from + index * 100;
      listener().onMessage(message.configuration ? message : { ...message, timestamp: now });
    }
  };
  return {
    input,
    send,
    start: () => listener().onStart(),
    lose: () => listener().onLost(null),
    at: (ms: number) => {
      now = ms;
      input.advance(ms);
      return input.isOnline(ms);
    },
  };
}

test("a source is there with its first picture, gone with its connection at once, and its last picture stays for a while", async () => {
  const { input, send, start, lose, at } = open();
  assert.equal(at(0), false);
  start();
  send([...configurations, ...frames], 0);
  await waitFor("its pictures are decoded", () => at(2_000));
  const shown = input.picture(2_000);
  assert.ok(shown !== null);
  lose();
  assert.equal(at(2_001), false);
  assert.equal(input.picture(2_500), shown);
  assert.equal(input.picture(4_000), null);
  assert.equal(input.state().error, null, "to leave is no fault");
  start();
  assert.equal(at(4_000), false, "a connection is no picture");
  send([...configurations, ...frames], 4_000);
  await waitFor("it is back", () => at(6_000));
  input.close();
});

test("without a keyframe, or with garbage in its place, it is told that nothing of it can be seen, until something can", async () => {
  const { input, send, start, at } = open();
  const rest = frames.filter(({ keyframe }) => !keyframe);
  const broken = frames.map((frame) => {
    const payload = Buffer.from(frame.payload);
    payload.fill(0xff, 5);
    return { ...frame, payload };
  });
  start();
  send(configurations, 0);
  let from = 0;
  for (const messages of [rest, broken]) {
    const isTold = messages.concat(messages).map((message) => {
      send([message], from);
      from += 1_000;
      return input.state().error?.code === "unsupported_format";
    });
    assert.deepEqual([isTold.indexOf(true), isTold.at(-1)], [15, true], "after 15 seconds");
    assert.equal(at(from), false);
    send([...configurations, ...frames], from);
    from += 2_000;
    await waitFor("it can be seen", () => at(from - 1_000));
    assert.equal(input.state().error, null);
  }
  input.close();
});

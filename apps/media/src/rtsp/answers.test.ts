import assert from "node:assert/strict";
import { test } from "node:test";
import { AnswerReader, RtspProtocolError } from "./answers.ts";
import type { Answer } from "./answers.ts";

function read(pieces: readonly Buffer[]): Answer[] {
  const answers: Answer[] = [];
  const reader = new AnswerReader((answer) => answers.push(answer));
  for (const piece of pieces) reader.push(piece);
  return answers;
}

test("answers are read between packets and requests, wherever the connection cuts them", () => {
  const packet = Buffer.from([0x24, 1, 0, 6, ...Buffer.from("RTSP\r\n")]);
  const all = Buffer.concat([
    Buffer.from("RTSP/1.0 200 OK\r\nCSeq: 2\r\nSession: 12345678;timeout=55\r\n\r\n"),
    packet,
    Buffer.from("OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
    Buffer.from("RTSP/1.0 401 Unauthorized\r\ncontent-length: 4\r\n\r\n\r\n\r\n"),
    packet,
    Buffer.from("RTSP/1.0 200 \r\n\r\n"),
  ]);
  const whole = read([all]);
  assert.deepEqual(
    whole.map(({ status }) => status),
    [200, 401, 200],
  );
  assert.equal(whole[0]?.headers.get("session"), "12345678;timeout=55");
  assert.deepEqual(read(Array.from(all, (byte) => Buffer.of(byte))), whole);
  for (let at = 0; at < all.length; at += 1) assert.deepEqual(read([all.subarray(0, at), all.subarray(at)]), whole);
});

test("what is no RTSP, or more of it than is meant, is refused", () => {
  for (const odd of [
    "HTTP/1.1 200 OK\r\n\r\n",
    "RTSP/1.0 200 OK\r\nContent-Length: many\r\n\r\n",
    "RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
    "RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n",
    `RTSP/1.0 200 OK\r\nX: ${"x".repeat(20_000)}`,
  ])
    assert.throws(() => read([Buffer.from(odd)]), RtspProtocolError, odd.slice(0, 60));
});

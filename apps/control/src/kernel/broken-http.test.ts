import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { after, before, test } from "node:test";
import { startControl, textAt } from "../testing/control.ts";
import type { TestControl } from "../testing/control.ts";

let trax: TestControl;

before(async () => {
  trax = await startControl();
});
after(() => trax[Symbol.asyncDispose]());

async function open(): Promise<Socket> {
  const socket = connect(trax.control.port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** All that comes back until the server closes the connection. */
async function exchange(request: string): Promise<{ readonly head: string; readonly body: unknown }> {
  const socket = await open();
  socket.write(request);
  let text = "";
  for await (const chunk of socket) text += String(chunk);
  const [head = "", body = ""] = text.split("\r\n\r\n");
  return { head, body: JSON.parse(body) };
}

const broken: Readonly<Record<string, string>> = {
  "no HTTP": "hello there\r\n\r\n",
  "headers of 20 KiB": `GET /v1/health HTTP/1.1\r\nhost: x\r\nx: ${"x".repeat(20_480)}\r\n\r\n`,
  "two lengths": "POST /v1/studios HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
  "a length and chunks":
    "POST /v1/studios HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
  "a NUL in a header": "GET /v1/health HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n",
  "no host": "GET /v1/health HTTP/1.1\r\nconnection: close\r\n\r\n",
  "no host for a path that does not decode": "GET /v1/%zz HTTP/1.1\r\nconnection: close\r\n\r\n",
  "a tunnel": "CONNECT example.com:443 HTTP/1.1\r\nhost: x\r\n\r\n",
  "a length that is none": "POST /v1/studios HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
};

for (const [title, request] of Object.entries(broken)) {
  test(`${title} gets the one error shape and is closed`, async () => {
    const { head, body } = await exchange(request);
    assert.match(head, /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.equal(textAt(body, "error", "code"), "invalid_request");
    assert.match(head, new RegExp(`x-request-id: ${textAt(body, "error", "requestId")}`));
  });
}

test("an expectation that nobody knows is let be", async () => {
  const { head, body } = await exchange(
    "GET /v1/health HTTP/1.1\r\nhost: x\r\nexpect: the-unexpected\r\nconnection: close\r\n\r\n",
  );
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(textAt(body, "status"), "ok");
});

test("a request cut off in its body leaves the server well", async () => {
  const { key } = await trax.newAccount();
  const socket = await open();
  socket.write(
    `POST /v1/studios HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"na`,
  );
  socket.destroy();
  assert.equal((await trax.call("/v1/me", { key })).status, 200);
});

test("two thousand idle connections do not stop others being served", async () => {
  const idle = await Promise.all(Array.from({ length: 2_000 }, open));
  try {
    for (const socket of idle.slice(0, 100)) socket.write("GET /v1/health HTTP/1.1\r\nhost");
    assert.equal((await trax.call("/v1/health")).status, 200);
  } finally {
    for (const socket of idle) socket.destroy();
  }
});

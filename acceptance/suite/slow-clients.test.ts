import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import { waitFor } from "@trax/peers";
import { behaviour } from "../src/promise.ts";
import { freshAccount } from "../src/shared-account.ts";
import type { Account } from "../src/account.ts";

// Clients that send slowly, or nothing, do not stop others being served.

async function open(context: TestContext, account: Account, count: number, text: string): Promise<Socket[]> {
  const { hostname, port } = new URL(account.instance.baseUrl);
  const sockets = Array.from({ length: count }, () => connect({ host: hostname, port: Number(port) }));
  // The server may end them whenever it likes.
  for (const socket of sockets) socket.on("error", () => undefined);
  context.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  for (const socket of sockets) socket.write(text);
  return sockets;
}

async function assertServed(account: Account): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const made = await account.ask("POST", "/v1/studios", { name: "Served" });
    assert.equal(made.status, 201, made.text);
    assert.equal((await account.ask("GET", "/v1/studios")).status, 200);
  }
}

behaviour("2,000 idle connections", async (context) => {
  const account = await freshAccount();
  await open(context, account, 2_000, "");
  await assertServed(account);
});

behaviour("500 clients that never end their headers", async (context) => {
  const account = await freshAccount();
  await open(context, account, 500, "GET /v1/me HTTP/1.1\r\nHost: x\r\nX-Slow: ");
  await assertServed(account);
});

behaviour("500 clients that never end their bodies", async (context) => {
  const account = await freshAccount();
  const head = `POST /v1/studios HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${account.key}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"name":`;
  await open(context, account, 500, head);
  await assertServed(account);
});

behaviour("200 clients that ask for much and read nothing", async (context) => {
  const account = await freshAccount();
  const ask = `GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n`;
  const sockets = await open(context, account, 200, ask.repeat(5));
  for (const socket of sockets) socket.pause();
  await assertServed(account);
});

behaviour("what is no HTTP at all is refused, and others are served", async (context) => {
  const account = await freshAccount();
  const nonsense = [
    "\u0016\u0003\u0001",
    "nonsense\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    `GET /${"x".repeat(100_000)} HTTP/1.1\r\n\r\n`,
    `GET / HTTP/1.1\r\n${"X: y\r\n".repeat(5_000)}\r\n`,
  ];
  for (const text of nonsense) {
    const [socket] = await open(context, account, 1, text);
    assert.ok(socket !== undefined);
    let answer = "";
    socket.setEncoding("utf8").on("data", (part: string) => (answer += part));
    await waitFor(`an end of ${text.slice(0, 20)}`, () => socket.closed);
    if (answer !== "") {
      assert.match(answer, /^HTTP\/1\.1 4\d\d /);
      assert.match(answer, /\{"error":\{"code":"invalid_request","message":"[^"]+","requestId":"[^"]+"\}\}$/);
    }
  }
  await assertServed(account);
});

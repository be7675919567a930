import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { after, test } from "node:test";
import type { TestContext } from "node:test";
import { scopes } from "@trax/contract";
import { openLog } from "@trax/foundation/log";
import { appendMediaEvent } from "@trax/media-protocol";
import { waitFor } from "@trax/peers";
import { openEventFeed } from "../../kernel/event-feed.ts";
import { startControl } from "../../testing/control.ts";
import { Tenant } from "../../testing/tenant.ts";
import { follow } from "./follow.ts";
import { openTails } from "./tails.ts";
import { Unread } from "./unread.ts";

const control = await startControl();
after(() => control[Symbol.asyncDispose]());

type Server = {
  /** Connects, and reads nothing after the head until it is resumed. */
  readonly connect: (lastEventId?: string) => Promise<Socket>;
  /** The bytes that ever waited for one connection. */
  readonly most: () => number;
  /** Of those who are followed no more, whether each was disconnected. */
  readonly ended: readonly boolean[];
  /** Appends an event of 200 kB, with this number. */
  readonly append: (n: number) => Promise<void>;
};

/** A studio's events alone, with these settings. */
async function serve(context: TestContext, unread: Unread, patienceMs: number): Promise<Server> {
  const { database, postgres } = control;
  const ada = await Tenant.make(control);
  const { id: studioId } = await ada.studio();
  const { accountId } = ada.account;
  const feed = openEventFeed({ url: postgres.url, log: openLog("test", "silent") });
  const tails = openTails(database, feed);
  const ending = new AbortController();
  const following: Promise<void>[] = [];
  const ended: boolean[] = [];
  let most = 0;
  const server = createServer((request, response) => {
    const write = response.write.bind(response);
    // The socket's own buffer holds little: what waits beyond it is ours.
    const open = () => {
      response.write = (chunk: string) => {
        const more = write(chunk);
        most = Math.max(most, response.writableLength);
        return more;
      };
      return response;
    };
    const lastEventId = request.headers["last-event-id"]?.toString() ?? null;
    const where = { database, feed, tails, unread, accountId, studioId, lastEventId, meters: false };
    following.push(
      follow({ ...where, signal: ending.signal, scopes: new Set(scopes), open, patienceMs }).then(() => {
        ended.push(response.destroyed);
      }),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  context.after(async () => {
    ending.abort();
    await Promise.all(following);
    server.closeAllConnections();
    server.close();
    await feed.close();
  });
  return {
    connect: async (lastEventId) => {
      const socket = connect(address.port, "127.0.0.1");
      context.after(() => socket.destroy());
      const resumed = lastEventId === undefined ? "" : `last-event-id: ${lastEventId}\r\n`;
      socket.on("error", () => undefined);
      socket.write(`GET / HTTP/1.1\r\nhost: x\r\n${resumed}\r\n`);
      await once(socket, "readable");
      socket.pause();
      return socket;
    },
    most: () => most,
    ended,
    append: (n) =>
      database.transaction(async (tx) => {
        const data = { n, padding: "x".repeat(200_000) };
        await appendMediaEvent(tx, { accountId, studioId, type: "stream.live", data });
      }),
  };
}

test("a reader that takes nothing is let go, with no more than one write waiting for it", async (context) => {
  const { connect: open, append, ended, most } = await serve(context, new Unread(), 100);
  await open();
  for (let n = 0; n < 400 && ended.length === 0; n++) await append(n);
  await waitFor("it is let go", () => ended.length > 0);
  assert.deepEqual(ended, [true]);
  assert.ok(most() < 1.5 * 201_000, `${most()} bytes waited`);
});

test("where too much waits on a node, who has waited longest is let go, and misses nothing by coming again", async (context) => {
  const { connect: open, append, ended } = await serve(context, new Unread(250_000), 60_000);
  const first = await open();
  let count = 0;
  const second = await open();
  while (ended.length === 0 && count < 400) await append(count++);
  assert.deepEqual(ended, [true], "the other is still followed");
  // Whichever it was: what it has got, and what it gets when it comes again, is all there is.
  const got = await Promise.all([first, second].map(readAll));
  const all = Array.from({ length: count }, (_, n) => n);
  assert.deepEqual(got.map((one) => one.numbers.length).toSorted((a, b) => a - b)[1], count);
  const short = got.find((one) => one.numbers.length < count) ?? assert.fail("nobody was let go");
  const again = await readAll(await open(short.lastEventId));
  assert.deepEqual([...short.numbers, ...again.numbers], all);

  /** Reads until all have come or the connection ends. */
  async function readAll(socket: Socket): Promise<{ numbers: number[]; lastEventId: string }> {
    let text = "";
    socket.setEncoding("utf8").on("data", (part) => (text += String(part)));
    const numbers = () => [...text.matchAll(/"data":\{"n":(\d+),"padding":"x+"\}\}/g)].map((match) => Number(match[1]));
    socket.resume();
    await waitFor("all events, or an end", () => socket.closed || numbers().at(-1) === count - 1);
    const ids = [...text.matchAll(/^id: (evt_\w+)\n/gm)].map((match) => match[1] ?? "");
    return { numbers: numbers(), lastEventId: ids[numbers().length - 1] ?? "" };
  }
});

import { connect } from "node:net";
import type { Socket } from "node:net";
import { z } from "zod";
import { ChatReadersOrder } from "./chat-readers-protocol.ts";

/**
 * Many who follow a studio's events, in a process of their own. Each counts the
 * messages it gets by the bytes they begin with; a few read the time that stands
 * in each text, too. Ends when its parent is gone.
 */
const begin = Buffer.from("\nevent: chat.message\n");
const stamp = /"text":"at (\d+\.\d+)/g;

type Reader = { readonly socket: Socket; count: number; tail: Buffer; text: string };

const latencies: number[] = [];
const readers: Reader[] = [];
const buffer = Buffer.alloc(256 * 1024);

function open(order: z.output<typeof ChatReadersOrder>, isSampled: boolean): Promise<void> {
  const url = new URL(order.url);
  const opened = Promise.withResolvers<void>();
  const take = (length: number, all: Uint8Array): boolean => {
    opened.resolve();
    const data = Buffer.from(all.buffer, all.byteOffset, length);
    const edge = Buffer.concat([reader.tail, data.subarray(0, begin.length - 1)]);
    reader.count += countIn(data) + countIn(edge);
    reader.tail = Buffer.from((data.length < begin.length ? edge : data).subarray(1 - begin.length));
    if (isSampled) sample(reader, data);
    return true;
  };
  // One buffer for all: what is read is looked at before the next is.
  const socket = connect({ port: Number(url.port), host: url.hostname, onread: { buffer, callback: take } });
  const reader: Reader = { socket, count: 0, tail: Buffer.alloc(0), text: "" };
  readers.push(reader);
  socket.on("error", opened.reject);
  socket.write(`GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\nauthorization: Bearer ${order.key}\r\n\r\n`);
  return opened.promise;
}

/**
 * Without a copy: half a gigabyte a second passes here. What is looked for begins with a byte that is rare, which is
 * found several times faster. One that is cut in two is found where the pieces meet.
 */
function countIn(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(begin); at !== -1; at = bytes.indexOf(begin, at + begin.length)) count += 1;
  return count;
}

function sample(reader: Reader, data: Buffer): void {
  const now = performance.timeOrigin + performance.now();
  reader.text += data.toString("latin1");
  let end = 0;
  for (const match of reader.text.matchAll(stamp)) {
    latencies.push(now - Number(match[1]));
    end = match.index + match[0].length;
  }
  reader.text = end > 0 ? reader.text.slice(end) : reader.text.slice(-2_000);
}

process.on("message", (message) => {
  const order = ChatReadersOrder.parse(message);
  if (order.kind === "open") {
    const sampledEach = Math.max(1, Math.floor(order.count / order.sampled));
    const all = Array.from({ length: order.count }, (_, index) => open(order, index % sampledEach === 0));
    Promise.all(all).then(
      () => process.send?.({ kind: "opened" }),
      () => process.exit(1),
    );
    return;
  }
  const counts = readers.map(({ count }) => count);
  process.send?.({
    kind: "counts",
    least: Math.min(...counts),
    most: Math.max(...counts),
    latencies: order.kind === "reset" ? latencies : [],
  });
  if (order.kind === "reset") {
    latencies.length = 0;
    for (const reader of readers) reader.count = 0;
  }
});
process.once("disconnect", () => process.exit());

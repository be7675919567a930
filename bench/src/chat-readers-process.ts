import { connect } from "node:net";
import type { Socket } from "node:net";
import { z } from "zod";
import { ChatReadersOrder } from "./chat-readers-protocol.ts";

/**
 * Many who follow a studio's events, in a process of their own. Each counts the
 * messages it gets by the bytes they begin with; a few read the time that stands
 * in each text, too. Ends when its parent is gone.
 */
const begin = Buffer.from("event: chat.message\n");
const stamp = /"text":"at (\d+\.\d+)/g;

type Reader = { readonly socket: Socket; count: number; tail: Buffer; text: string };

const latencies: number[] = [];
const readers: Reader[] = [];

function open(order: z.output<typeof ChatReadersOrder>, isSampled: boolean): Promise<void> {
  const url = new URL(order.url);
  const socket = connect(Number(url.port), url.hostname);
  const reader: Reader = { socket, count: 0, tail: Buffer.alloc(0), text: "" };
  readers.push(reader);
  const opened = Promise.withResolvers<void>();
  socket.on("error", opened.reject);
  socket.write(`GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\nauthorization: Bearer ${order.key}\r\n\r\n`);
  socket.on("data", (data: Buffer) => {
    opened.resolve();
    reader.count += countIn(data) + countIn(Buffer.concat([reader.tail, data.subarray(0, begin.length - 1)]));
    reader.tail = Buffer.from(data.subarray(Math.max(0, data.length - begin.length + 1)));
    if (isSampled) sample(reader, data);
  });
  return opened.promise;
}

/** Without a copy: half a gigabyte a second passes here. One that is cut in two is found where the pieces meet. */
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
  process.send?.({ kind: "counts", least: Math.min(...counts), most: Math.max(...counts), latencies });
  if (order.kind === "reset") {
    latencies.length = 0;
    for (const reader of readers) reader.count = 0;
  }
});
process.once("disconnect", () => process.exit());

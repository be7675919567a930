import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";

/**
 * Below the range that the kernel takes ports for outgoing connections from
 * (32768 and up), so that no connection sits on a port before its server does.
 */
const range = { from: 12_000, to: 32_000 };
const attempts = 200;

/** A TCP port of 127.0.0.1 that is free, and that no other test is given as long as this process lives. */
export function freePort(): Promise<number> {
  return pick("tcp", async (port) => {
    const server = createServer();
    const free = await listens(server, { port, host: "127.0.0.1" });
    if (free) await closed(server);
    return free;
  });
}

/** The same for UDP. */
export function freeUdpPort(): Promise<number> {
  return pick("udp", async (port) => {
    const socket = createSocket("udp4");
    const bound = Promise.withResolvers<boolean>();
    socket.once("error", () => bound.resolve(false));
    socket.bind(port, "127.0.0.1", () => bound.resolve(true));
    const free = await bound.promise;
    socket.close();
    return free;
  });
}

async function pick(protocol: "tcp" | "udp", isFree: (port: number) => Promise<boolean>): Promise<number> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = range.from + Math.floor(Math.random() * (range.to - range.from));
    // An abstract socket named after the port: whoever has it, has the port; the kernel frees it with its process.
    const reservation = createServer().unref();
    if (!(await listens(reservation, { path: `\0trax-test-port-${protocol}-${port}` }))) continue;
    if (await isFree(port)) return port;
    await closed(reservation);
  }
  throw new Error(`no free ${protocol} port found`);
}

async function listens(server: Server, where: { port: number; host: string } | { path: string }): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once("error", () => resolve(false));
  server.listen(where, () => resolve(true));
  return promise;
}

async function closed(server: Server): Promise<void> {
  const done = once(server, "close");
  server.close();
  await done;
}

const tcpListenState = "0A";

/**
 * Whether somebody listens on that TCP port, or is bound to that UDP port, read
 * from the kernel's tables: servers that serve one connection only must not be
 * asked by connecting to them.
 */
export async function isListening(protocol: "tcp" | "udp", port: number): Promise<boolean> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const table of [protocol, `${protocol}6`]) {
    const text = await readFile(`/proc/net/${table}`, "utf8").catch(() => "");
    for (const line of text.split("\n").slice(1)) {
      const [, local, , state] = line.trim().split(/\s+/);
      if (local?.endsWith(wanted) === true && (protocol === "udp" || state === tcpListenState)) return true;
    }
  }
  return false;
}

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";

/** A TCP port of 127.0.0.1 that nobody listens on right now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("the probe has no port");
  return address.port;
}

/** A UDP port of 127.0.0.1 that nobody is bound to right now. */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
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

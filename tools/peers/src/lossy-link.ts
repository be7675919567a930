import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { freeUdpPort } from "./ports.ts";

export type LossyLinkOptions = {
  /** The UDP port of 127.0.0.1 that is behind the link. */
  readonly toPort: number;
  /** Part of the packets that is lost each way, 0 to 1. */
  readonly loss: number;
  /** What each packet takes, each way. */
  readonly delayMs: number;
  /** Which packets are lost follows from it: 1 unless set. */
  readonly seed?: number;
};

export type LossyLink = {
  /** Send to this port of 127.0.0.1 instead. */
  readonly port: number;
  readonly counts: () => { readonly passed: number; readonly lost: number };
  readonly stop: () => Promise<void>;
};

/**
 * A bad network for UDP between a client and a server on this machine: it loses
 * packets and delays the others, in their order. What `tc netem` does, without a
 * network namespace or root, and the same packets each time.
 */
export async function startLossyLink(options: LossyLinkOptions): Promise<LossyLink> {
  const { toPort, loss, delayMs, seed = 1 } = options;
  const isLost = lottery(loss, seed);
  const [port, front] = [await freeUdpPort(), createSocket("udp4")];
  const behind = new Map<string, Socket>();
  const timers = new Set<NodeJS.Timeout>();
  let [passed, lost] = [0, 0];
  const pass = (socket: Socket, packet: Buffer, address: string, to: number): void => {
    if (isLost()) {
      lost++;
      return;
    }
    const timer = setTimeout(() => {
      timers.delete(timer);
      passed++;
      // Whoever is not there any more loses it, as on a network.
      socket.send(packet, to, address, () => {});
    }, delayMs);
    timers.add(timer);
  };
  const forClient = (client: RemoteInfo): Socket => {
    const key = `${client.address}:${client.port}`;
    const known = behind.get(key);
    if (known !== undefined) return known;
    const socket = createSocket("udp4");
    behind.set(key, socket);
    socket.on("error", () => {});
    return socket.on("message", (packet) => pass(front, packet, client.address, client.port));
  };
  front.on("error", () => {});
  front.on("message", (packet, client) => pass(forClient(client), packet, "127.0.0.1", toPort));
  front.bind(port, "127.0.0.1");
  await once(front, "listening");
  return {
    port,
    counts: () => ({ passed, lost }),
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      const sockets = [front, ...behind.values()];
      const closed = sockets.map((socket) => once(socket, "close"));
      for (const socket of sockets) socket.close();
      await Promise.all(closed);
    },
  };
}

/** Says of one packet after another whether it is lost: a linear congruential generator, the same for the same seed. */
function lottery(loss: number, seed: number): () => boolean {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 < loss;
  };
}

import { once } from "node:events";
import { chmod, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { KeyframeCache } from "../../relay/keyframe-cache.ts";
import type { MediaMessage } from "../../rtmp/message.ts";
import { encodeLinkMessage } from "./framing.ts";

/** Owed to a client beyond what it was given to start with: it is too slow, and is cut off. */
const maxOwedBytes = 16 << 20;

/**
 * Gives the program's messages to everybody who connects to a Unix socket:
 * metadata, configuration and the current keyframe group at once, then what
 * follows.
 */
export class LinkServer {
  readonly #server: Server;
  readonly #cache = new KeyframeCache();
  readonly #clients = new Map<Socket, { hasJoined: boolean }>();

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#welcome(socket));
    // One who could not be let in tries again; the program goes on.
    server.on("error", () => undefined);
  }

  /** Listens on that path (at most about 100 bytes long), in place of whoever did so before. */
  static async listen(path: string): Promise<LinkServer> {
    await rm(path, { force: true });
    const server = createServer();
    const link = new LinkServer(server);
    server.listen(path);
    await once(server, "listening");
    // Whoever may connect gets the program.
    await chmod(path, 0o600);
    return link;
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Gives a message to every client. Shared: its payload is not to be written to any more. */
  send(message: MediaMessage): void {
    this.#cache.push(message);
    let encoded: Buffer | null = null;
    for (const [socket, client] of this.#clients) {
      if (!client.hasJoined) {
        this.#join(socket, client);
        continue;
      }
      encoded ??= encodeLinkMessage(message);
      // A picture and the sound that waited for it come in the same turn, and go out together.
      if (socket.writableCorked === 0) {
        socket.cork();
        process.nextTick(() => socket.uncork());
      }
      socket.write(encoded);
      if (socket.writableLength > maxOwedBytes) socket.destroy();
    }
  }

  /** Gives what is on its way a moment, then ends every client. */
  async close(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    for (const socket of this.#clients.keys()) {
      socket.setTimeout(500, () => socket.destroy());
      socket.end();
    }
    await closed.promise;
  }

  #welcome(socket: Socket): void {
    const client = { hasJoined: false };
    this.#clients.set(socket, client);
    // A client that goes away is no fault; "close" follows.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#clients.delete(socket));
    socket.resume();
    this.#join(socket, client);
  }

  #join(socket: Socket, client: { hasJoined: boolean }): void {
    const start = this.#cache.joinPoint();
    if (start === null) return;
    client.hasJoined = true;
    socket.cork();
    for (const message of [...start.configuration, ...start.frames]) socket.write(encodeLinkMessage(message));
    socket.uncork();
  }
}

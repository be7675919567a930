import { once } from "node:events";
import { createServer as createTcpServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import type { RtmpServerBehaviour } from "./behaviour.ts";
import { RtmpServerConnection } from "./connection.ts";

export type RtmpServerOptions = {
  /** 127.0.0.1 unless set. */
  readonly host?: string;
  /** Any free one unless set. */
  readonly port?: number;
  /** RTMPS, with these PEMs. */
  readonly tls?: { readonly key: string; readonly cert: string };
  readonly behaviour?: RtmpServerBehaviour;
  /** Whether messages keep their bytes, and not only their size; true unless set. */
  readonly keepPayloads?: boolean;
};

export type RtmpServer = {
  readonly port: number;
  /** Without a key: any is taken. */
  readonly url: string;
  /** All there ever were, oldest first. */
  readonly connections: readonly RtmpServerConnection[];
  /** For connections from now on. */
  readonly behave: (behaviour: RtmpServerBehaviour) => void;
  /** For connections from now on, of RTMPS. */
  readonly certify: (tls: { readonly key: string; readonly cert: string }) => void;
  /** Resets every connection there is; new ones are taken. */
  readonly disconnect: () => void;
  readonly stop: () => Promise<void>;
};

/**
 * Starts an RTMP(S) server that takes everything, remembers everything and can
 * be told to be stubborn. Its reading of the protocol shares nothing with the
 * client's in apps/media, so that the two check each other.
 */
export async function startRtmpServer(options: RtmpServerOptions = {}): Promise<RtmpServer> {
  const { host = "127.0.0.1", tls, keepPayloads = true } = options;
  let behaviour = options.behaviour ?? {};
  const connections: RtmpServerConnection[] = [];
  const serving = new Set<Promise<void>>();
  const accept = (socket: Socket): void => {
    const connection = new RtmpServerConnection(socket, behaviour, keepPayloads);
    connections.push(connection);
    const served = connection.serve();
    serving.add(served);
    void served.finally(() => serving.delete(served));
  };
  const server = tls === undefined ? createTcpServer(accept) : createTlsServer(tls, accept);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  // Clients that refuse our certificate are part of the tests.
  server.on("tlsClientError", () => {});
  server.listen(options.port ?? 0, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the RTMP server has no port");
  const { port } = address;
  return {
    port,
    url: `${tls === undefined ? "rtmp" : "rtmps"}://${host.includes(":") ? `[${host}]` : host}:${port}/live`,
    connections,
    behave: (next) => {
      behaviour = next;
    },
    certify: (next) => {
      if (!("setSecureContext" in server)) throw new Error("it speaks no TLS");
      server.setSecureContext(next);
    },
    disconnect: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(serving);
      await closed;
    },
  };
}

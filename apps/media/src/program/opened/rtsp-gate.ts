import { createServer } from "node:net";
import type { Socket } from "node:net";
import { pipeline, Transform } from "node:stream";
import { openSocket } from "../../rtmp/socket.ts";
import type { SocketTarget } from "../../rtmp/socket.ts";
import type { SourceFault } from "../protocol.ts";

export type RtspGate = {
  /** On loopback; takes one connection. */
  readonly port: number;
  readonly fault: () => SourceFault | null;
  readonly close: () => void;
};

const connectTimeoutMs = 10_000;
const redirected: SourceFault = {
  code: "address_refused",
  message: "The server sends to another address. Give that address itself.",
};

/**
 * A door on loopback to one checked RTSP server. FFmpeg would follow a redirect
 * to wherever the server says, and verifies no certificate: here redirects end
 * the connection, and TLS is spoken with the name verified.
 */
export async function openRtspGate(target: SocketTarget): Promise<RtspGate> {
  const sockets = new Set<Socket>();
  let fault: SourceFault | null = null;
  const own = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  };
  const server = createServer((client) => {
    own(client);
    server.close();
    const upstream = openSocket(target, () => {
      clearTimeout(timer);
      pipeline(client, upstream.socket, () => client.destroy());
      pipeline(upstream.socket, new RedirectStop(), client, (error) => {
        if (error instanceof RedirectError) fault = redirected;
        upstream.socket.destroy();
        client.destroy();
      });
    });
    const timer = setTimeout(() => upstream.socket.destroy(), connectTimeoutMs);
    own(upstream.socket);
    upstream.socket.once("close", () => {
      clearTimeout(timer);
      if (upstream.stage() !== "open")
        fault =
          upstream.stage() === "tls"
            ? {
                code: "tls_failed",
                message: "The server's certificate is not one that can be trusted for this name.",
              }
            : { code: "connect_failed", message: "The server cannot be reached." };
      client.destroy();
    });
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  return {
    port: address === null || typeof address === "string" ? 0 : address.port,
    fault: () => fault,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

class RedirectError extends Error {
  override readonly name = "RedirectError";
}

/** A status line with 3xx, as leniently as FFmpeg's parser would read one. */
const redirect = /RTSP\/[^ \n]* [\s+0]*3\d\d/u;
const longestStatus = 64;

/** Lets bytes pass until a redirect is among them, wherever that stands. */
class RedirectStop extends Transform {
  #tail = "";

  override _transform(chunk: Buffer, _encoding: string, done: (error: Error | null, chunk?: Buffer) => void): void {
    // FFmpeg leaves out carriage returns wherever they are.
    const text = this.#tail + chunk.toString("latin1").replaceAll("\r", "");
    if (redirect.test(text)) done(new RedirectError("redirected"));
    else {
      this.#tail = text.slice(-longestStatus);
      done(null, chunk);
    }
  }
}

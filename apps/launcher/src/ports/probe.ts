import { createSocket } from "node:dgram";
import { createServer } from "node:net";

export type Transport = "tcp" | "udp";

/** A port that is being held, so that nobody else is given it. */
export type HeldPort = { readonly port: number; release(): Promise<void> };

/** Binds a port of that host (0: one of the system's choice), or throws what the system says (`EADDRINUSE`, `EACCES`). */
export function holdPort(transport: Transport, host: string, port: number): Promise<HeldPort> {
  return transport === "tcp" ? holdTcp(host, port) : holdUdp(host, port);
}

function holdTcp(host: string, port: number): Promise<HeldPort> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      const bound = address === null || typeof address === "string" ? port : address.port;
      resolve({ port: bound, release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

function holdUdp(host: string, port: number): Promise<HeldPort> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    socket.once("error", (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address: host, port, exclusive: true }, () => {
      resolve({ port: socket.address().port, release: () => new Promise((done) => socket.close(() => done())) });
    });
  });
}

import { connect as connectTcp, type Socket } from "node:net";
import { isIP } from "node:net";
import { checkServerIdentity, connect as connectTls } from "node:tls";

export type SocketTarget = {
  readonly address: { readonly ip: string; readonly port: number; readonly family: 4 | 6 };
  readonly tls: null | { readonly serverName: string; readonly ca?: string };
};

/** How far a socket had come. */
export type SocketStage = "tcp" | "tls" | "open";

export type OpenedSocket = {
  readonly socket: Socket;
  readonly stage: () => SocketStage;
  /** How long the peer's first answer took (SYN to SYN-ACK), ms; null before it. */
  readonly roundTripMs: () => number | null;
};

/**
 * Starts a connection to exactly that address. With TLS the certificate must be
 * for `serverName`, whatever the address; `onOpen` follows its verification.
 */
export function openSocket(target: SocketTarget, onOpen: () => void): OpenedSocket {
  const { ip, port, family } = target.address;
  const where = { host: ip, port, family, noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 };
  let stage: SocketStage = "tcp";
  const startedAt = performance.now();
  let roundTripMs: number | null = null;
  const answered = (): void => {
    roundTripMs = performance.now() - startedAt;
  };
  const opened = (): void => {
    stage = "open";
    onOpen();
  };
  if (target.tls === null) {
    const socket = connectTcp(where);
    socket.once("connect", answered);
    socket.once("connect", opened);
    return { socket, stage: () => stage, roundTripMs: () => roundTripMs };
  }
  const { serverName, ca } = target.tls;
  const socket = connectTls({
    ...where,
    minVersion: "TLSv1.2",
    // Server Name Indication carries names only (RFC 6066, section 3).
    servername: isIP(serverName) === 0 ? serverName : "",
    checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate),
    ...(ca === undefined ? {} : { ca }),
  });
  socket.once("connect", () => {
    answered();
    stage = "tls";
  });
  socket.once("secureConnect", opened);
  return { socket, stage: () => stage, roundTripMs: () => roundTripMs };
}

import { randomInt } from "node:crypto";
import { createSocket } from "node:dgram";
import { on, once } from "node:events";

export type SrtPeer = { readonly ip: string; readonly family: 4 | 6; readonly port: number };

/** As a caller does that had no answer; 300 ms is a way around the earth. */
const attempts = 3;
const deadlineMs = 1_000;
/** A header of four words and a handshake of twelve (draft-sharabayko-srt-01, 3.2 and 3.2.1). */
const packetBytes = 64;
const handshakePacket = 0x8000_0000;
const induction = 1;

/**
 * How long an SRT listener takes to answer, ms: asked by the handshake that begins
 * every connection, which it answers without keeping anything. FFmpeg, which makes
 * the connection itself, tells nothing of what libsrt measures. Null where none
 * answers, or the signal comes first. `onAsked`: it is on its way. Never rejects.
 */
export async function srtRoundTripMs(
  peer: SrtPeer,
  signal: AbortSignal,
  onAsked: () => void = () => undefined,
): Promise<number | null> {
  for (let attempt = 0; attempt < attempts && !signal.aborted; attempt += 1) {
    const answered = await ask(peer, AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]), onAsked).catch(
      () => null,
    );
    if (answered !== null) return answered;
  }
  return null;
}

async function ask({ ip, family, port }: SrtPeer, signal: AbortSignal, onAsked: () => void): Promise<number | null> {
  const socket = createSocket(family === 4 ? "udp4" : "udp6");
  try {
    const connected = once(socket, "connect", { signal });
    // Nobody else is heard then, and that nobody listens is.
    socket.connect(port, ip);
    await connected;
    const socketId = randomInt(1, 2 ** 30);
    const askedAt = performance.now();
    socket.send(inductionOf(socketId), onAsked);
    for await (const [message] of on(socket, "message", { signal }))
      if (Buffer.isBuffer(message) && isAnswer(message, socketId)) return performance.now() - askedAt;
    return null;
  } finally {
    socket.close();
  }
}

/** A caller's first packet (4.3.1.1): version 4, no encryption, "extension" 2; 1,500 bytes, 8,192 packets; no cookie yet. */
function inductionOf(socketId: number): Buffer {
  const packet = Buffer.alloc(packetBytes);
  const words = [handshakePacket, 0, 0, 0, 4, 2, randomInt(2 ** 31 - 1), 1_500, 8_192, induction, socketId];
  for (const [index, word] of words.entries()) packet.writeUInt32BE(word, index * 4);
  return packet;
}

function isAnswer(message: Buffer, socketId: number): boolean {
  return (
    message.length >= packetBytes &&
    message.readUInt32BE(0) === handshakePacket &&
    message.readUInt32BE(12) === socketId
  );
}

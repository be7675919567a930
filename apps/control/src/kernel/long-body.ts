import type { Duplex } from "node:stream";

const patient = new WeakSet<Duplex>();

/**
 * Lets the request under way on a connection take its time over its body, which
 * others are cut off for (`requestTimeout` in server.ts). Who asks for it cuts
 * off a body that does not move, and calls what is answered at its end.
 */
export function allowLongBody(socket: Duplex): () => void {
  patient.add(socket);
  return () => patient.delete(socket);
}

export function mayTakeItsTime(socket: Duplex): boolean {
  return patient.has(socket);
}

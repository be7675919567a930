import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import type { RtmpServer } from "@trax/peers/rtmp-server/server";
import { waitFor } from "@trax/peers";

/**
 * When (`performance.now()`) the first coded frame, picture or sound, was at
 * the server. Metadata and codec configuration do not count: nothing can be
 * seen or heard of them.
 */
export function firstFrameAt(server: RtmpServer): number | null {
  for (const { media } of server.connections)
    for (const { kind, payload, at } of media) {
      // FLV 10.1, E.4.2.1 and E.4.3.1: the second byte is 0 for a configuration of AAC or H.264.
      if (kind !== "data" && payload[1] !== 0) return at;
    }
  return null;
}

/** Starts a destination that takes everything, for one measurement. */
export async function withDestination<T>(work: (server: RtmpServer) => Promise<T>): Promise<T> {
  const server = await startRtmpServer();
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** Waits for the first frame; its time does not depend on how often is looked. */
export async function untilFirstFrame(server: RtmpServer, deadlineMs = 30_000): Promise<number> {
  return waitFor("a frame reaches the destination", () => firstFrameAt(server), deadlineMs);
}

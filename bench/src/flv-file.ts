import { writeFile } from "node:fs/promises";
import type { ReceivedMedia } from "@trax/peers/rtmp-server/connection";

const types = { audio: 8, video: 9, data: 18 } as const;

/** Writes what an RTMP server received as the FLV file it is (FLV 10.1, Annex E.2 to E.4): for what reads files. */
export async function writeFlv(path: string, media: readonly ReceivedMedia[]): Promise<void> {
  const hasAudioAndVideo = 5;
  const parts: Uint8Array[] = [Buffer.from("FLV"), Buffer.of(1, hasAudioAndVideo, 0, 0, 0, 9, 0, 0, 0, 0)];
  for (const { kind, payload, timestamp } of media) {
    const head = Buffer.alloc(11);
    head.writeUInt8(types[kind], 0);
    head.writeUIntBE(payload.length, 1, 3);
    head.writeUIntBE(timestamp & 0xffffff, 4, 3);
    head.writeUInt8(timestamp >>> 24, 7);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(head.length + payload.length);
    parts.push(head, payload, size);
  }
  await writeFile(path, Buffer.concat(parts));
}

import type { Ingest } from "@trax/contract";
import type { Secret } from "@trax/foundation/secret";
import { sourcePath } from "@trax/media-protocol";
import { srtUrl } from "./media-address.ts";
import type { MediaAddress } from "./media-address.ts";

/**
 * The addresses to publish one source to, with the token in place. RTMP: OBS's
 * server and stream key, or both joined by a slash for ffmpeg. SRT: the stream
 * id of the router (`publish:path:user:password`).
 */
export function ingestOf(address: MediaAddress, sourceId: string, token: Secret): Ingest {
  const text = token.reveal();
  const path = sourcePath(sourceId);
  const streamKey = `${sourceId}?token=${text}`;
  return {
    rtmp: { url: `rtmp://${address.host}:${address.rtmpPort}/in`, streamKey },
    rtmps: { url: `rtmps://${address.host}:${address.rtmpsPort}/in`, streamKey },
    srt: { url: srtUrl(address, `publish:${path}:session:${text}`) },
    whip: { url: `${address.apiUrl}/whip/${sourceId}`, bearerToken: text },
  };
}

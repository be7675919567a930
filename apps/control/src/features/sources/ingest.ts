import type { Ingest } from "@trax/contract";
import type { Config } from "@trax/foundation/config";
import type { Secret } from "@trax/foundation/secret";
import { sourcePath } from "@trax/media-protocol";

/** Where publishers reach the media node. */
export type IngestAddress = {
  readonly host: string;
  readonly rtmpPort: number;
  readonly rtmpsPort: number;
  readonly srtPort: number;
  readonly webrtcPort: number;
  /** WHIP's signalling is as secure as the API's own address. */
  readonly secure: boolean;
};

/** The media node is told under the API's host name; its ports are its own. */
export function ingestAddress(config: Config): IngestAddress {
  const url = config.TRAX_PUBLIC_URL === null ? null : new URL(config.TRAX_PUBLIC_URL);
  return {
    host: url?.hostname ?? "127.0.0.1",
    rtmpPort: config.TRAX_RTMP_PORT,
    rtmpsPort: config.TRAX_RTMPS_PORT,
    srtPort: config.TRAX_SRT_PORT,
    webrtcPort: config.TRAX_WEBRTC_PORT,
    secure: url?.protocol === "https:",
  };
}

/**
 * The addresses to publish one source to, with the token in place. RTMP: OBS's
 * server and stream key, or both joined by a slash for ffmpeg. SRT: the stream
 * id of the router (`publish:path:user:password`).
 */
export function ingestOf(address: IngestAddress, sourceId: string, token: Secret): Ingest {
  const text = token.reveal();
  const path = sourcePath(sourceId);
  const streamKey = `${sourceId}?token=${text}`;
  return {
    rtmp: { url: `rtmp://${address.host}:${address.rtmpPort}/in`, streamKey },
    rtmps: { url: `rtmps://${address.host}:${address.rtmpsPort}/in`, streamKey },
    srt: { url: `srt://${address.host}:${address.srtPort}?streamid=publish:${path}:session:${text}` },
    whip: {
      url: `${address.secure ? "https" : "http"}://${address.host}:${address.webrtcPort}/${path}/whip`,
      bearerToken: text,
    },
  };
}

import type { Config } from "@trax/foundation/config";
import type { Secret } from "@trax/foundation/secret";
import { publicUrlOf } from "../../kernel/public-url.ts";

/** Where publishers and players reach TRaX. */
export type MediaAddress = {
  /** The API's, without a slash at its end: WHIP and WHEP are signalled there. */
  readonly apiUrl: string;
  /** The media node's, whose ports are its own. */
  readonly host: string;
  readonly rtmpPort: number;
  readonly rtmpsPort: number;
  readonly srtPort: number;
  /** What SRT is encrypted with. */
  readonly srtPassphrase: Secret | null;
  readonly hlsPort: number;
};

/** The media node is told under the API's host name. */
export function mediaAddress(config: Config): MediaAddress {
  const apiUrl = publicUrlOf(config);
  return {
    apiUrl,
    host: new URL(apiUrl).hostname,
    rtmpPort: config.TRAX_RTMP_PORT,
    rtmpsPort: config.TRAX_RTMPS_PORT,
    srtPort: config.TRAX_SRT_PORT,
    srtPassphrase: config.TRAX_SRT_PASSPHRASE,
    hlsPort: config.TRAX_HLS_PORT,
  };
}

/** The SRT address of a stream, by its id at the router (`publish:path:user:password`). */
export function srtUrl({ host, srtPort, srtPassphrase }: MediaAddress, streamId: string): string {
  const passphrase = srtPassphrase === null ? "" : `&passphrase=${srtPassphrase.reveal()}`;
  return `srt://${host}:${srtPort}?streamid=${streamId}${passphrase}`;
}

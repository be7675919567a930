import type { Config } from "@trax/foundation/config";
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
    hlsPort: config.TRAX_HLS_PORT,
  };
}

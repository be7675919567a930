import type { Ports } from "../ports/ports.ts";

/** Where an instance is reached from this machine: what `--ready-file` holds and `status` repeats. */
export type Addresses = {
  /** Without `/v1`. */
  readonly baseUrl: string;
  /** The server of an RTMP publisher; the stream key is a session's. */
  readonly rtmpUrl: string;
  readonly rtmpsUrl: string;
  readonly srtUrl: string;
  /** WHIP goes to `<whipUrl>/<sourceId>`, WHEP likewise to `/whep/…`. */
  readonly whipUrl: string;
  /** `/metrics` is there. */
  readonly operatorUrl: string;
};

/** Addresses that answer here and now: TRAX_PUBLIC_URL may lead through a proxy that is not up yet. */
export function addressesOf(ports: Ports, listenHost: string): Addresses {
  const everywhere = listenHost === "0.0.0.0" || listenHost === "::";
  const named = listenHost.includes(":") ? `[${listenHost}]` : listenHost;
  const host = everywhere ? "127.0.0.1" : named;
  return {
    baseUrl: `http://${host}:${ports.TRAX_HTTP_PORT}`,
    rtmpUrl: `rtmp://${host}:${ports.TRAX_RTMP_PORT}/in`,
    rtmpsUrl: `rtmps://${host}:${ports.TRAX_RTMPS_PORT}/in`,
    srtUrl: `srt://${host}:${ports.TRAX_SRT_PORT}`,
    whipUrl: `http://${host}:${ports.TRAX_HTTP_PORT}/whip`,
    operatorUrl: `http://127.0.0.1:${ports.TRAX_OPERATOR_PORT}`,
  };
}

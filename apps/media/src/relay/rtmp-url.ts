export type RtmpUrl = {
  readonly tls: boolean;
  /** As written: not normalised, IPv6 without its brackets. */
  readonly host: string;
  readonly port: number;
  readonly tcUrl: string;
  readonly app: string;
  /** Secret. */
  readonly streamName: string;
};

/**
 * The parts of an RTMP(S) URL. With a key, all of the path (and query) is the
 * app, as OBS has it; without one, the last segment with its query is the
 * stream. Null when it is not such a URL, or names no app or stream.
 */
export function parseRtmpUrl(text: string, streamKey: string | null): RtmpUrl | null {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "rtmp:" && url.protocol !== "rtmps:") || url.hostname === "") return null;
  const tls = url.protocol === "rtmps:";
  const path = url.pathname.replace(/^\/+/u, "");
  const cut = path.lastIndexOf("/");
  const app = streamKey === null ? path.slice(0, Math.max(0, cut)) : path.replace(/\/+$/u, "") + url.search;
  const streamName = streamKey ?? path.slice(cut + 1) + url.search;
  if (app === "" || streamName === "") return null;
  return {
    tls,
    host: url.hostname.replace(/^\[|\]$/gu, ""),
    port: url.port === "" ? (tls ? 443 : 1935) : Number(url.port),
    tcUrl: `${url.protocol}//${url.host}/${app}`,
    app,
    streamName,
  };
}

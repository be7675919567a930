export type SrtUrl = {
  readonly host: string;
  readonly port: number;
  /** Secret: streamid, passphrase. */
  readonly options: Readonly<Record<string, string>>;
};

/** Above this a latency must be meant in microseconds, as FFmpeg and OBS have it; below, in milliseconds, as all others. */
const largestLatencyMs = 20_000;

/**
 * Reads a caller's SRT URL: `streamid`, `passphrase`, `latency` and `pbkeylen`
 * are understood. A stream key is the stream id where the URL has none. Answers
 * a sentence for the user when it cannot be used.
 */
export function readSrtUrl(text: string, streamKey: string | null): SrtUrl | string {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "srt:" || url.hostname === "" || url.port === "") {
    return "An SRT address needs a host and a port, like srt://host:port.";
  }
  const query = url.searchParams;
  if ((query.get("mode") ?? "caller") !== "caller") return "TRaX sends SRT as the caller only.";
  const options: Record<string, string> = {};
  const streamId = query.get("streamid") ?? streamKey;
  if (streamId !== null && streamId !== "") {
    if (Buffer.byteLength(streamId) > 512) return "An SRT stream id has 512 bytes at most.";
    options["streamid"] = streamId;
  }
  const passphrase = query.get("passphrase");
  if (passphrase !== null && passphrase !== "") {
    // FFmpeg reads these out of a URL, and undoes no percent-encoding.
    if (!/^[^&+\s]{10,79}$/u.test(passphrase))
      return "An SRT passphrase has 10 to 79 characters, without spaces, & and +.";
    options["passphrase"] = passphrase;
  }
  const keyLength = query.get("pbkeylen");
  if (keyLength !== null) {
    if (!["16", "24", "32"].includes(keyLength)) return "pbkeylen is 16, 24 or 32.";
    options["pbkeylen"] = keyLength;
  }
  const latency = query.get("latency");
  if (latency !== null) {
    if (!/^\d{1,9}$/u.test(latency)) return "latency is a number of milliseconds.";
    options["latency"] = Number(latency) > largestLatencyMs ? latency : String(Number(latency) * 1_000);
  }
  return { host: url.hostname.replace(/^\[|\]$/gu, ""), port: Number(url.port), options };
}

/** What FFmpeg opens: the checked address, with a deadline for connecting and for each write. Secret. */
export function ffmpegSrtUrl(target: SrtUrl, address: { ip: string; family: 4 | 6 }, deadlineMs: number): string {
  const host = address.family === 6 ? `[${address.ip}]` : address.ip;
  const options = {
    mode: "caller",
    transtype: "live",
    timeout: String(deadlineMs * 1_000),
    // libsrt's own patience is longer, so that its end is not taken for a refusal.
    connect_timeout: String(deadlineMs * 2),
    ...target.options,
  };
  const query = Object.entries(options).map(
    // The stream id alone is percent-decoded by FFmpeg.
    ([name, value]) => `${name}=${name === "streamid" ? encodeURIComponent(value) : value}`,
  );
  return `srt://${host}:${target.port}?${query.join("&")}`;
}

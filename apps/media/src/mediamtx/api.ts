import type { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import type { AudioFormat, VideoFormat } from "../rtmp/message.ts";
import { internalUser } from "./auth-callback.ts";

export type IngestProtocol = "rtmp" | "rtmps" | "srt" | "whip";

/** One publisher of the router, by which it can be kicked. */
export type RouterConnection = { readonly protocol: IngestProtocol; readonly id: string };

/** Of whoever publishes or watches; `whip` is WebRTC both ways. */
export type ClientProtocol = IngestProtocol | "hls";
export const clientProtocols: readonly ClientProtocol[] = ["rtmp", "rtmps", "srt", "whip", "hls"];

/** One client of the router, by which it can be kicked. */
export type RouterClientName = { readonly protocol: ClientProtocol; readonly id: string };

export type RouterPath = {
  /** `in/src_...`, `program/std_...`. */
  readonly name: string;
  /** Somebody publishes it, and its tracks are known. */
  readonly online: boolean;
  /** RFC 3339; null while offline. */
  readonly onlineSince: string | null;
  readonly publisher: RouterConnection | null;
  /** Width and height as its parameter sets say, null while they have not been seen; the router knows no frame rate. */
  readonly video: VideoFormat | null;
  readonly audio: AudioFormat | null;
  /** Since the path came online. */
  readonly inboundBytes: number;
  /** How many read it. */
  readonly readers: number;
};

export type RouterClient = RouterConnection & {
  readonly remoteAddress: string;
  readonly state: "idle" | "read" | "publish";
  /** Empty while idle. */
  readonly path: string;
  readonly created: string;
  readonly inboundBytes: number;
};

/** Packets of one publisher since it came; by a protocol that can lose any. */
export type RouterLink = {
  readonly id: string;
  /** Those sent again are not counted twice. */
  readonly received: number;
  /** SRT: that were missing when they should have come, whether they came later or not. WebRTC: that never came in time. */
  readonly lost: number;
};

/** What each protocol's collection is called in the API. */
const collections: Record<ClientProtocol, string> = {
  rtmp: "rtmpconns",
  rtmps: "rtmpsconns",
  srt: "srtconns",
  whip: "webrtcsessions",
  hls: "hlssessions",
};

const sourceProtocols: Readonly<Record<string, IngestProtocol>> = {
  rtmpConn: "rtmp",
  rtmpsConn: "rtmps",
  srtConn: "srt",
  webRTCSession: "whip",
};

const videoCodecs: Readonly<Record<string, VideoFormat["codec"]>> = {
  H264: "h264",
  H265: "hevc",
  AV1: "av1",
  VP8: "vp8",
  VP9: "vp9",
};

const audioCodecs: Readonly<Record<string, AudioFormat["codec"]>> = {
  "MPEG-4 Audio": "aac",
  "MPEG-4 Audio LATM": "aac",
  Opus: "opus",
  "MPEG-1/2 Audio": "mp3",
};

const Track = z.object({
  codec: z.string(),
  codecProps: z
    .object({
      width: z.number().optional(),
      height: z.number().optional(),
      sampleRate: z.number().optional(),
      channelCount: z.number().optional(),
    })
    .nullable(),
});

const Path = z.object({
  name: z.string(),
  online: z.boolean(),
  onlineTime: z.string().nullable(),
  source: z.object({ type: z.string(), id: z.string() }).nullable(),
  tracks2: z.array(Track).nullable(),
  inboundBytes: z.number(),
  readers: z.array(z.unknown()).nullable(),
});

/** Its `query` is left out on purpose: it holds the token. */
const Client = z.object({
  id: z.string(),
  created: z.string(),
  remoteAddr: z.string(),
  state: z.enum(["idle", "read", "publish"]),
  path: z.string(),
  bytesReceived: z.number(),
});

const SrtLink = z.object({
  id: z.string(),
  state: z.string(),
  packetsReceived: z.number(),
  packetsReceivedRetrans: z.number(),
  packetsReceivedLoss: z.number(),
});
const WebrtcLink = z.object({
  id: z.string(),
  state: z.string(),
  inboundRTPPackets: z.number(),
  inboundRTPPacketsLost: z.number(),
});

const Page = z.object({ pageCount: z.number(), items: z.array(z.unknown()) });

const itemsPerPage = 1000;

/** MediaMTX's control API (v3 of 1.20.1) on loopback. Every call has a deadline and throws when it is not kept. */
export class RouterApi {
  readonly #baseUrl: string;
  readonly #authorization: string;
  readonly #deadlineMs: number;

  constructor(port: number, password: Secret, deadlineMs = 2000) {
    this.#baseUrl = `http://127.0.0.1:${port}/v3`;
    this.#authorization = `Basic ${Buffer.from(`${internalUser}:${password.reveal()}`).toString("base64")}`;
    this.#deadlineMs = deadlineMs;
  }

  /** Its version, such as `v1.20.1`: that it answers at all is that it is ready. */
  async version(): Promise<string> {
    return z.object({ version: z.string() }).parse(await (await this.#call("GET", "/info")).json()).version;
  }

  /** The paths that somebody publishes or waits for. */
  async paths(): Promise<RouterPath[]> {
    return (await this.#list("paths", Path)).map(toPath);
  }

  async path(name: string): Promise<RouterPath | null> {
    const response = await this.#call("GET", `/paths/get/${name}`);
    return response.status === 404 ? null : toPath(Path.parse(await response.json()));
  }

  async clients(protocol: IngestProtocol): Promise<RouterClient[]> {
    return (await this.#list(collections[protocol], Client)).map((client) => ({
      protocol,
      id: client.id,
      remoteAddress: client.remoteAddr,
      state: client.state,
      path: client.path,
      created: client.created,
      inboundBytes: client.bytesReceived,
    }));
  }

  /** The ids of everybody who is connected by this protocol, or has an HLS session. */
  async clientIds(protocol: ClientProtocol): Promise<string[]> {
    return (await this.#list(collections[protocol], z.object({ id: z.string() }))).map(({ id }) => id);
  }

  /** What publishers have lost; empty for a protocol that loses nothing. */
  async links(protocol: IngestProtocol): Promise<RouterLink[]> {
    if (protocol === "srt")
      return (await this.#list(collections.srt, SrtLink))
        .filter(({ state }) => state === "publish")
        .map(({ id, packetsReceived, packetsReceivedRetrans, packetsReceivedLoss }) => ({
          id,
          received: packetsReceived - packetsReceivedRetrans,
          lost: packetsReceivedLoss,
        }));
    if (protocol === "whip")
      return (await this.#list(collections.whip, WebrtcLink))
        .filter(({ state }) => state === "publish")
        .map(({ id, inboundRTPPackets, inboundRTPPacketsLost }) => ({
          id,
          received: inboundRTPPackets,
          lost: inboundRTPPacketsLost,
        }));
    return [];
  }

  /** Disconnects a client at once; false when it was gone already. */
  async kick(connection: RouterClientName): Promise<boolean> {
    const response = await this.#call("POST", `/${collections[connection.protocol]}/kick/${connection.id}`);
    await response.body?.cancel();
    return response.status !== 404;
  }

  async #list<T>(collection: string, item: z.ZodType<T>): Promise<T[]> {
    const items: T[] = [];
    for (let page = 0, pageCount = 1; page < pageCount; page++) {
      const response = await this.#call("GET", `/${collection}/list?itemsPerPage=${itemsPerPage}&page=${page}`);
      const answer = Page.parse(await response.json());
      ({ pageCount } = answer);
      items.push(...z.array(item).parse(answer.items));
    }
    return items;
  }

  async #call(method: string, path: string): Promise<Response> {
    const response = await fetch(`${this.#baseUrl}${path}`, {
      method,
      headers: { authorization: this.#authorization },
      signal: AbortSignal.timeout(this.#deadlineMs),
    });
    if (!response.ok && response.status !== 404)
      throw new Error(`MediaMTX answered ${response.status} to ${method} ${path}`);
    return response;
  }
}

function toPath(path: z.infer<typeof Path>): RouterPath {
  const protocol = path.source === null ? undefined : sourceProtocols[path.source.type];
  const tracks = path.tracks2 ?? [];
  return {
    name: path.name,
    online: path.online,
    onlineSince: path.onlineTime,
    publisher: path.source === null || protocol === undefined ? null : { protocol, id: path.source.id },
    video: firstOf(tracks, toVideo),
    audio: firstOf(tracks, toAudio),
    inboundBytes: path.inboundBytes,
    readers: path.readers?.length ?? 0,
  };
}

function firstOf<T>(
  tracks: readonly z.infer<typeof Track>[],
  read: (track: z.infer<typeof Track>) => T | null,
): T | null {
  for (const track of tracks) {
    const found = read(track);
    if (found !== null) return found;
  }
  return null;
}

function toVideo({ codec: label, codecProps }: z.infer<typeof Track>): VideoFormat | null {
  const codec = videoCodecs[label];
  // Zero is its way of saying that it has not seen the parameter sets.
  return codec === undefined
    ? null
    : { codec, width: codecProps?.width || null, height: codecProps?.height || null, frameRate: null };
}

function toAudio({ codec: label, codecProps }: z.infer<typeof Track>): AudioFormat | null {
  const codec = audioCodecs[label];
  if (codec === undefined) return null;
  // Opus always runs at 48 kHz (RFC 7587, section 4.1), and so the router does not say it.
  const sampleRate = codec === "opus" ? 48_000 : (codecProps?.sampleRate ?? null);
  return { codec, sampleRate, channels: codecProps?.channelCount ?? null };
}

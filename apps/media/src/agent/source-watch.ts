import type { AudioFormat, VideoFormat } from "../rtmp/message.ts";
import type { IngestProtocol, RouterConnection, RouterPath } from "../mediamtx/api.ts";
import { sourceOfPath } from "@trax/media-protocol";

export type SourceView = {
  readonly sourceId: string;
  readonly protocol: IngestProtocol | null;
  readonly video: VideoFormat | null;
  readonly audio: AudioFormat | null;
  /** bit/s over the last seconds, audio and video together. */
  readonly bitrate: number;
  readonly lastFrameAt: string;
  /** Monotonic, ms: which came first. */
  readonly since: number;
};

type Track = {
  bytes: number;
  grewAt: number;
  grewAtTime: string;
  since: number;
  samples: { at: number; bytes: number }[];
  onlineSince: string | null;
};

/** Published, but nothing has arrived for this long: not online. */
const silentMs = 3_000;
const rateWindowMs = 2_500;

/** Makes of the router's list of paths which sources are online: those that media is really arriving for. */
export class SourceWatch {
  readonly #tracks = new Map<string, Track>();
  readonly #publishers = new Map<string, RouterConnection>();
  #views = new Map<string, SourceView>();

  /** The sources online now, by id. */
  get online(): ReadonlyMap<string, SourceView> {
    return this.#views;
  }

  publisherOf(sourceId: string): RouterConnection | null {
    return this.#publishers.get(sourceId) ?? null;
  }

  /** Takes a new list in. `now` is monotonic, ms. */
  update(paths: readonly RouterPath[], now: number): void {
    const views = new Map<string, SourceView>();
    const seen = new Set<string>();
    this.#publishers.clear();
    for (const path of paths) {
      const sourceId = sourceOfPath(path.name);
      if (sourceId === null) continue;
      if (path.publisher !== null) this.#publishers.set(sourceId, path.publisher);
      if (!path.online || !isDescribed(path)) continue;
      seen.add(sourceId);
      const track = this.#track(sourceId, path, now);
      if (now - track.grewAt > silentMs) continue;
      views.set(sourceId, {
        sourceId,
        protocol: path.publisher?.protocol ?? null,
        video: path.video,
        audio: path.audio,
        bitrate: bitrateOf(track),
        lastFrameAt: track.grewAtTime,
        since: track.since,
      });
    }
    for (const sourceId of this.#tracks.keys()) if (!seen.has(sourceId)) this.#tracks.delete(sourceId);
    this.#views = views;
  }

  #track(sourceId: string, path: RouterPath, now: number): Track {
    const known = this.#tracks.get(sourceId);
    const track: Track =
      known !== undefined && known.onlineSince === path.onlineSince
        ? known
        : { bytes: -1, grewAt: now, grewAtTime: "", since: now, samples: [], onlineSince: path.onlineSince };
    this.#tracks.set(sourceId, track);
    if (path.inboundBytes !== track.bytes) {
      track.bytes = path.inboundBytes;
      track.grewAt = now;
      track.grewAtTime = new Date().toISOString();
    }
    track.samples.push({ at: now, bytes: path.inboundBytes });
    while (track.samples.length > 2 && now - (track.samples[0]?.at ?? now) > rateWindowMs) track.samples.shift();
    return track;
  }
}

/**
 * Before it has seen the parameter sets MediaMTX makes some up, and a player
 * that comes then keeps them: such a source is not here yet.
 */
function isDescribed({ video }: RouterPath): boolean {
  return video === null || video.width !== null || (video.codec !== "h264" && video.codec !== "hevc");
}

function bitrateOf(track: Track): number {
  const first = track.samples[0];
  const last = track.samples.at(-1);
  if (first === undefined || last === undefined || last.at <= first.at) return 0;
  return Math.round(((last.bytes - first.bytes) * 8_000) / (last.at - first.at));
}

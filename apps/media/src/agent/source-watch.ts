import type { AudioFormat, VideoFormat } from "../rtmp/message.ts";
import type { IngestProtocol, RouterPath } from "../mediamtx/api.ts";
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
  #views = new Map<string, SourceView>();

  /** The sources online now, by id. */
  get online(): ReadonlyMap<string, SourceView> {
    return this.#views;
  }

  /** Takes a new list in. `now` is monotonic, ms. */
  update(paths: readonly RouterPath[], now: number): void {
    const views = new Map<string, SourceView>();
    const seen = new Set<string>();
    for (const path of paths) {
      const sourceId = sourceOfPath(path.name);
      if (sourceId === null || !path.online) continue;
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

function bitrateOf(track: Track): number {
  const first = track.samples[0];
  const last = track.samples.at(-1);
  if (first === undefined || last === undefined || last.at <= first.at) return 0;
  return Math.round(((last.bytes - first.bytes) * 8_000) / (last.at - first.at));
}

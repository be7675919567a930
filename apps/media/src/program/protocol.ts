import type { ProgramOverlay, SceneContent, Slate } from "@trax/media-protocol";
import type { AudioFormat, VideoFormat } from "../rtmp/message.ts";

/**
 * What the agent and a program worker say to each other over the worker's IPC
 * channel. One worker makes one studio's program. The agent sends whole desired
 * states, so that a lost or repeated one does no harm; the worker reports what
 * it observes. URLs hold the router's internal password: IPC only, never argv
 * or a log.
 */
export type Canvas = {
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  /** Frames a second. */
  readonly frameRate: number;
  /** bit/s at the most. */
  readonly videoBitrate: number;
  readonly audioBitrate: number;
};

/** As seen; `other`: a codec that only files have. */
export type SourceVideoFormat = Omit<VideoFormat, "codec"> & { readonly codec: VideoFormat["codec"] | "other" };
export type SourceAudioFormat = Omit<AudioFormat, "codec"> & { readonly codec: AudioFormat["codec"] | "other" };

/** Why a source cannot be shown, in words for a streamer; no secret. */
export type SourceFault = {
  readonly code:
    | "address_refused"
    | "dns_failed"
    | "connect_failed"
    | "tls_failed"
    | "auth_refused"
    | "not_found"
    | "closed_by_peer"
    | "unsupported_format";
  readonly message: string;
};

export type ProgramSource = {
  readonly sourceId: string;
  /** Changes with what it is; a new revision is opened anew. */
  readonly revision: number;
  /**
   * `ingest`: played from the router (RTMP on loopback) while somebody publishes.
   * `media`, `pull`: opened by the worker, under the address guard.
   */
  readonly kind: "ingest" | "media" | "pull";
  /**
   * Null while there is nothing to play. Of `media`: one, or those of a playlist, a line each. Secret. Of the
   * media library: a `file:` URL, which nothing else may be.
   */
  readonly url: string | null;
  /** It plays a file of the media library, or would if that were not at fault. */
  readonly asset?: { readonly fault: SourceFault | null };
  readonly loop: boolean;
  /** How long it may be silent before it counts as gone, ms. */
  readonly silenceMs: number;
};

/** `url`: of its picture, as of an image layer. `sourceId`: of the clip that is its picture. */
export type ProgramSlate = Slate & { readonly url?: string | null; readonly sourceId?: string | null };

/**
 * Beside the studio's sources there are those that layers and slates make of
 * clips of the media library, by the asset's id: seen and heard only where they
 * are named, by nobody else.
 */
export function isLayerClip(sourceId: string): boolean {
  return sourceId.startsWith("ast_");
}

export type ProgramSpec = {
  readonly studioId: string;
  readonly canvas: Canvas;
  readonly sources: readonly ProgramSource[];
  /** The scene on air; null: the automatic one. */
  readonly scene: { readonly sceneId: string; readonly content: SceneContent } | null;
  /** Grows with each take: a scene that comes with a new number is shown with this transition, else by a cut (an edit). */
  readonly take: { readonly number: number; readonly transition: "cut" | "fade"; readonly durationMs: number };
  readonly overlays: readonly ProgramOverlay[];
  readonly slate: ProgramSlate;
  /** Shown in this order when what the scene shows is gone. */
  readonly fallbackSourceIds: readonly string[];
  /** Where relays of this program connect to: a Unix socket that the worker listens on. */
  readonly linkPath: string;
  /** RTSP addresses at the router that the program is published to: with AAC, and with Opus for WebRTC where somebody watches so. Null: nobody can watch it. */
  readonly publish: { readonly program: string; readonly rtc: string | null } | null;
  /** Made and published only while somebody watches it. A null scene is the automatic one. */
  readonly preview: { readonly content: SceneContent | null; readonly rtc: string } | null;
  /** Send `meters` ten times a second. */
  readonly meters: boolean;
  /** CIDRs that pulled sources may reach although they are not public. */
  readonly allowedNetworks: readonly string[];
  readonly traceparent: string | null;
};

/** The agent to the worker. */
export type ProgramCommand =
  | { readonly type: "program"; readonly spec: ProgramSpec }
  /** A JPEG of what is on the program (`of` null) or of a source, answered by a `snapshot` with the same id. */
  | { readonly type: "snapshot"; readonly id: number; readonly of: string | null }
  /** Close everything politely, then exit 0. */
  | { readonly type: "stop" };

/** dBFS; -100 is silence. */
export type Meter = { readonly peak: number; readonly rms: number };

export type ProgramGauges = {
  /** Frames made a second over the last seconds. */
  readonly frameRate: number;
  /** How far the encoder is behind real time, ms. */
  readonly behindMs: number;
  readonly skippedFrames: number;
  /** x264's preset in use: a lower one after it could not keep up. */
  readonly preset: string;
  /** Processor cores in use over the last second. */
  readonly cores: number;
  /** The worst of the sources: how far its sound is from its picture, ms. */
  readonly driftMs: number;
  readonly sources: readonly {
    readonly sourceId: string;
    /** bit/s that arrive. */
    readonly bitrate: number;
    readonly lastFrameAt: string | null;
  }[];
};

/** The worker to the agent. */
export type ProgramReport =
  /** The process can be told its program; again and again while that is being started. */
  | { readonly type: "ready" }
  /** A frame with this take's scene has left the encoder: whole with a cut, its first with a fade. `at`: RFC 3339. */
  | { readonly type: "shown"; readonly take: number; readonly sceneId: string | null; readonly at: string }
  | { readonly type: "slate"; readonly onSlate: boolean }
  /** Media of a source flows, or has stopped flowing; formats as seen. `error`: why it cannot be shown. */
  | {
      readonly type: "source";
      readonly sourceId: string;
      readonly flowing: boolean;
      readonly video: SourceVideoFormat | null;
      readonly audio: SourceAudioFormat | null;
      readonly error: SourceFault | null;
    }
  /** Once a second; its absence means that the worker is stuck. */
  | { readonly type: "gauges"; readonly gauges: ProgramGauges }
  | {
      readonly type: "meters";
      readonly program: Meter;
      readonly sources: readonly ({ readonly sourceId: string } & Meter)[];
    }
  /** `jpeg`: base64; null: there is no picture of that. */
  | { readonly type: "snapshot"; readonly id: number; readonly jpeg: string | null };

import type { AudioFormat, VideoFormat } from "../rtmp/message.ts";

/**
 * What the agent and a relay worker say to each other over the worker's IPC
 * channel. The agent sends whole desired states (a lost or repeated message
 * does no harm); the worker reports what it observes.
 *
 * Stream keys travel here and nowhere else: IPC is a private pipe, while argv,
 * process titles and logs are not.
 */
export type DestinationProtocol = "rtmp" | "rtmps" | "srt" | "whip" | "file";

export type RelayDestination = {
  readonly destinationId: string;
  /** Changes whenever the URL or key does; a new revision is a new connection. */
  readonly revision: number;
  readonly protocol: DestinationProtocol;
  /** As the user gave it, without the stream key. For `file`, a recording: the path of a file that is not there yet. */
  readonly url: string;
  readonly streamKey: string | null;
  /** How much later than the program it is sent, ms; 0 unless given. */
  readonly delayMs?: number;
};

export type RelaySpec = {
  readonly studioId: string;
  /**
   * The source to play, from the router on this node (`rtmp://…`), or the studio's
   * program, from its worker's link (`unix:<path>`, the studio's id); null while
   * there is none to play.
   */
  readonly source: { readonly sourceId: string; readonly url: string } | null;
  /** Set where the source's audio is not AAC, so that destinations get AAC all the same. */
  readonly transcodeAudio: boolean;
  /** Empty while the studio is not live: the source is played all the same, so that go-live finds a keyframe group at hand. */
  readonly destinations: readonly RelayDestination[];
  /** How long destination connections stay open without media, ms. */
  readonly graceMs: number;
  /** CIDRs that destinations may reach although they are not public. */
  readonly allowedNetworks: readonly string[];
  /** W3C trace context of the request that took the studio live. */
  readonly traceparent: string | null;
};

/** The agent to the worker. */
export type WorkerCommand =
  | { readonly type: "relay"; readonly spec: RelaySpec }
  | { readonly type: "drop"; readonly studioId: string }
  /** Close everything politely, then exit 0. */
  | { readonly type: "stop" };

export type DestinationErrorCode =
  | "address_refused"
  | "dns_failed"
  | "connect_failed"
  | "tls_failed"
  | "auth_refused"
  | "name_in_use"
  | "closed_by_peer"
  | "write_timeout"
  | "protocol_error"
  // Of recordings alone.
  | "disk_full"
  | "disk_failed";

/**
 * `idle`: nothing is being sent and nothing is wrong (no media to send).
 * `connecting`: first attempt, or open but the peer has not yet taken media.
 * `live`: the peer takes bytes.
 * `reconnecting`: it was live in this broadcast, was lost, and is tried again.
 * `failed`: refused, or given up as hopeless for now; still tried again, slowly.
 */
export type DestinationStatus = "idle" | "connecting" | "live" | "reconnecting" | "failed";

export type DestinationError = { readonly code: DestinationErrorCode; readonly message: string; readonly at: string };

export type DestinationReport = {
  readonly destinationId: string;
  readonly revision: number;
  readonly status: DestinationStatus;
  readonly connectedAt: string | null;
  readonly reconnects: number;
  readonly lastError: DestinationError | null;
};

export type DestinationGauge = {
  readonly destinationId: string;
  /** bit/s the peer took over the last seconds. */
  readonly bitrate: number;
  /** Bytes the peer took in this broadcast (acknowledged where the protocol tells, else written). */
  readonly sentBytes: number;
  readonly droppedFrames: number;
  /** To the peer and back, ms, where the protocol tells. */
  readonly roundTripMs?: number | null;
  /** When the peer last took anything in this broadcast. */
  readonly lastTakenAt?: string | null;
};

export type RelayGauges = {
  readonly studioId: string;
  readonly source: {
    readonly sourceId: string;
    readonly bitrate: number;
    readonly lastFrameAt: string | null;
  } | null;
  readonly destinations: readonly DestinationGauge[];
};

/** The worker to the agent. */
export type WorkerReport =
  | { readonly type: "ready" }
  /** Media of the source flows, or has stopped flowing; formats as seen in the stream. */
  | {
      readonly type: "source";
      readonly studioId: string;
      readonly sourceId: string;
      readonly flowing: boolean;
      readonly video: VideoFormat | null;
      readonly audio: AudioFormat | null;
    }
  | { readonly type: "destination"; readonly studioId: string; readonly destination: DestinationReport }
  /** Once a second, and the last ones of a destination when its connection is closed. */
  | { readonly type: "gauges"; readonly relays: readonly RelayGauges[] }
  /** Every connection of this studio that the command with this number (each worker's first is 1) no longer wanted is closed. */
  | { readonly type: "let_go"; readonly studioId: string; readonly after: number };

/** What a relay says of itself. */
export type RelayReport = Extract<WorkerReport, { type: "source" | "destination" }>;

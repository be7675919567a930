import type { CloseReason } from "./errors.ts";
import type { OutgoingMessage } from "./outgoing.ts";

export type PublishTarget = {
  /** Where to connect: this very address, which the caller has checked. */
  readonly address: { readonly ip: string; readonly port: number; readonly family: 4 | 6 };
  /** `serverName` is what the certificate must be for; `ca` (PEM) replaces the system's roots. */
  readonly tls: null | { readonly serverName: string; readonly ca?: string };
  readonly tcUrl: string;
  readonly app: string;
  /** The stream key with its query. Secret: never in a message or a log. */
  readonly streamName: string;
  /** FourCCs to announce (Enhanced RTMP), for HEVC, AV1, VP9 or Opus; leave out for H.264 and AAC. */
  readonly fourCcList?: readonly string[];
  /** TCP and TLS, ms. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** From the open connection to NetStream.Publish.Start, ms. Default 8000. */
  readonly startTimeoutMs?: number;
  /** How long a peer that owes us may take nothing, ms. Default 5000. */
  readonly writeTimeoutMs?: number;
  /** Bytes that may wait in this process before video is dropped. Default 4 MiB. */
  readonly maxQueueBytes?: number;
};

export type PublishListener = {
  /** NetStream.Publish.Start was seen: send configuration, then from a keyframe on. Not yet proof of acceptance. */
  readonly onPublishing: () => void;
  /** The first time that the peer is known to take media. */
  readonly onTaken: () => void;
  /** Exactly once, last of all; null when `close()` ended it. */
  readonly onClosed: (reason: CloseReason | null) => void;
};

export type Taken = {
  /** Bytes the peer took: acknowledged where it acknowledges, else what left this machine's send queue. */
  readonly takenBytes: number;
  /** `performance.now()` of the last evidence that the peer took bytes; null before any. */
  readonly takenAt: number | null;
  /** Whether the peer has ever sent an Acknowledgement. */
  readonly acknowledges: boolean;
};

export type RtmpPublisher = {
  /** Ignored before `onPublishing` and after the end. */
  readonly send: (message: OutgoingMessage) => void;
  readonly taken: () => Taken;
  readonly queuedBytes: number;
  /** Video and audio frames not sent because the queue was full. */
  readonly droppedFrames: number;
  readonly writtenBytes: number;
  /** Politely (FCUnpublish, deleteStream), with a deadline; `onClosed(null)` follows. */
  readonly close: () => void;
};

/** Connects and publishes; every outcome arrives at the listener, nothing is thrown. */
export function publishRtmp(_target: PublishTarget, _listener: PublishListener): RtmpPublisher {
  throw new Error("not built yet");
}

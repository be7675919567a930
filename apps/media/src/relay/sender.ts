import type { OutgoingMessage } from "../rtmp/outgoing.ts";
import type { PublishListener, Taken } from "../rtmp/publisher.ts";

/** One connection to a destination, whatever its protocol. */
export type Sender = {
  /** Never blocks and never throws; ignored before `onPublishing` and after the end. */
  readonly send: (message: OutgoingMessage) => void;
  readonly taken: () => Taken;
  readonly droppedFrames: number;
  /** To the peer and back, ms; null until it is known. Not there where the protocol does not tell. */
  readonly roundTripMs?: number | null;
  /** Politely, with a deadline; `onClosed(null)` follows. */
  readonly close: () => void;
};

export type SenderListener = PublishListener;

export type OpenOptions = {
  readonly allowedNetworks: readonly string[];
  readonly fourCcs: readonly string[];
  /** What may wait for the peer, bytes; must hold a whole keyframe group. */
  readonly maxQueueBytes: number;
};

import type { CloseReason } from "./errors.ts";
import type { MediaMessage } from "./message.ts";

export type PlayTarget = {
  readonly host: string;
  readonly port: number;
  readonly app: string;
  /** With its query. Secret: never in a message or a log. */
  readonly streamName: string;
  /** TCP, ms. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** From the open connection to the first audio or video message, ms. Default 10000. */
  readonly firstMediaTimeoutMs?: number;
};

export type PlayListener = {
  /** In the order of arrival; timestamps unwrapped. */
  readonly onMessage: (message: MediaMessage) => void;
  /** Exactly once, last of all; null when `close()` ended it. */
  readonly onClosed: (reason: CloseReason | null) => void;
};

export type RtmpPlayer = {
  readonly receivedBytes: number;
  readonly close: () => void;
};

/** Connects and plays; every outcome arrives at the listener, nothing is thrown. */
export function playRtmp(_target: PlayTarget, _listener: PlayListener): RtmpPlayer {
  throw new Error("not built yet");
}

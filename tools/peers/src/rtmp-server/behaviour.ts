export type RtmpServerStep = "handshake" | "connect" | "createStream" | "publish";

/** What a server does other than take everything; nothing of it is set unless said. */
export type RtmpServerBehaviour = {
  /** Reads on but answers nothing from this step on. */
  readonly silentFrom?: RtmpServerStep;
  /** Closes, or sends nonsense, instead of answering this step. */
  readonly closeAt?: RtmpServerStep;
  readonly nonsenseAt?: RtmpServerStep;
  /** Answers this step with an error and closes. */
  readonly refuse?: {
    readonly at: "connect" | "publish";
    readonly code: string;
    /** `{key}` stands for the stream name as it was sent. */
    readonly description: string;
  };
  /** So long after NetStream.Publish.Start; `status` says an error of that code first. */
  readonly afterStart?: {
    readonly ms: number;
    readonly action: "close" | "reset" | "stopReading" | "nonsense";
    readonly status?: { readonly code: string; readonly description: string };
  };
  /** Whether it answers Window Acknowledgement Size as it should; true unless set. */
  readonly acknowledge?: boolean;
  /** Reads no faster than this. */
  readonly bytesPerSecond?: number;
};

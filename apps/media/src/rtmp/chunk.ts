/** Message type ids (RTMP 1.0, sections 5.4 and 7.1). */
export const messageType = {
  setChunkSize: 1,
  abort: 2,
  acknowledgement: 3,
  userControl: 4,
  windowAcknowledgementSize: 5,
  setPeerBandwidth: 6,
  audio: 8,
  video: 9,
  dataAmf3: 15,
  commandAmf3: 17,
  dataAmf0: 18,
  commandAmf0: 20,
} as const;

/** An RTMP message as it travels, whatever it means. */
export type RawMessage = {
  readonly chunkStreamId: number;
  readonly type: number;
  /** Message stream id; 0 is the connection itself. */
  readonly streamId: number;
  /** Milliseconds, 32 bits, wrapping. */
  readonly timestamp: number;
  readonly payload: Buffer;
};

/** What a connection starts with, both ways (RTMP 1.0, 5.4.1). */
export const defaultChunkSize = 128;

/** A timestamp from here on does not fit the header's 24 bits and follows it. */
export const extendedTimestampMark = 0xffffff;

import type { DestinationErrorCode } from "../relay/protocol.ts";

/** Why a connection ended, in words for a streamer; never holds a stream key. */
export type CloseReason = { readonly code: DestinationErrorCode; readonly message: string };

/** The peer said something that RTMP does not allow, or that is too large to be meant. */
export class RtmpProtocolError extends Error {
  override readonly name = "RtmpProtocolError";
}

import { connect } from "node:net";
import type { CloseReason } from "../../rtmp/errors.ts";
import type { MediaMessage } from "../../rtmp/message.ts";
import { LinkDecoder, LinkProtocolError } from "./framing.ts";

export type LinkListener = {
  /** In order: metadata and configuration, the frames since the last keyframe, then what follows. */
  readonly onMessage: (message: MediaMessage) => void;
  /** Exactly once, last of all; null when `close()` ended it. */
  readonly onClosed: (reason: CloseReason | null) => void;
};

export type LinkClient = {
  readonly receivedBytes: number;
  close(): void;
};

/** Plays a program from the worker that makes it; every outcome arrives at the listener, nothing is thrown. */
export function connectLink(path: string, listener: LinkListener): LinkClient {
  const decoder = new LinkDecoder();
  const socket = connect(path);
  let isOpen = false;
  let isClosing = false;
  let reason: CloseReason | null = null;
  socket.once("connect", () => {
    isOpen = true;
  });
  socket.on("data", (chunk: Buffer) => {
    if (isClosing) return;
    try {
      for (const message of decoder.push(chunk)) {
        // The listener may close it at any message.
        if (!isClosing) listener.onMessage(message);
      }
    } catch (error) {
      if (!(error instanceof LinkProtocolError)) throw error;
      reason = { code: "protocol_error", message: "The program's worker sent what is no program." };
      socket.destroy();
    }
  });
  // What failed is told by whether it was open; "close" follows.
  socket.on("error", () => undefined);
  socket.once("close", () => {
    reason ??= isOpen
      ? { code: "closed_by_peer", message: "The program's worker has ended." }
      : { code: "connect_failed", message: "The program's worker is not there." };
    listener.onClosed(isClosing ? null : reason);
  });
  return {
    get receivedBytes() {
      return socket.bytesRead;
    },
    close: () => {
      isClosing = true;
      socket.destroy();
    },
  };
}

import { WebSocket } from "ws";
import { z } from "zod";
import { PlatformError } from "../../platform.ts";

/** A message of EventSub (dev.twitch.tv/docs/eventsub/websocket-reference). */
export type EventSubMessage = z.infer<typeof Message>;

/** One connection to EventSub. */
export type EventSubSocket = {
  /** The session's id. Rejects with a `PlatformError` where the connection is lost before. */
  readonly welcomed: Promise<string>;
  /** Why it is no more. It counts as lost, too, once nothing is heard of it for too long. */
  readonly lost: Promise<PlatformError>;
  /** What is on its way still comes, for a moment. */
  close(): void;
  destroy(): void;
};

const Message = z.object({
  metadata: z.object({
    message_id: z.string(),
    message_type: z.string(),
    message_timestamp: z.string(),
    subscription_type: z.string().optional(),
  }),
  payload: z.unknown(),
});
const Welcome = z.object({
  session: z.object({ id: z.string(), keepalive_timeout_seconds: z.number().positive().nullish() }),
});

/** From connecting to the welcome, ms. */
const welcomeMs = 10_000;
const usualKeepaliveSeconds = 10;
const farewellMs = 2_000;
const mostBytes = 262_144;

/**
 * Connects. Nothing is ever sent on it: Twitch closes connections that do.
 * @param take gets each message as it comes, in its order; the welcome and keepalives are not among them
 */
export function openEventSubSocket(url: string, take: (message: EventSubMessage) => void): EventSubSocket {
  const socket = new WebSocket(url, { handshakeTimeout: welcomeMs, maxPayload: mostBytes, perMessageDeflate: false });
  const welcomed = Promise.withResolvers<string>();
  // Who waits for the end alone need not listen to this too.
  welcomed.promise.catch(() => undefined);
  const lost = Promise.withResolvers<PlatformError>();
  let timer: NodeJS.Timeout | undefined;

  const end = (why: string): void => {
    clearTimeout(timer);
    const error = new PlatformError("unavailable", why);
    welcomed.reject(error);
    lost.resolve(error);
    socket.terminate();
  };
  /** It is lost unless something is heard within that time. */
  const expect = (ms: number, otherwise: string): void => {
    clearTimeout(timer);
    timer = setTimeout(() => end(otherwise), ms);
  };

  let silenceMs = 0;
  const heard = (text: string): void => {
    const { data: message } = Message.safeParse(parsed(text));
    if (message === undefined) return;
    if (message.metadata.message_type === "session_welcome") {
      const { data } = Welcome.safeParse(message.payload);
      if (data === undefined) return end("Twitch's welcome to its events is not as expected.");
      // Half of it again: what is sent in time may still come late.
      silenceMs = (data.session.keepalive_timeout_seconds ?? usualKeepaliveSeconds) * 1_500;
      welcomed.resolve(data.session.id);
    } else if (message.metadata.message_type !== "session_keepalive") take(message);
  };

  expect(welcomeMs, "Twitch did not welcome TRaX to its events in time.");
  socket.on("error", () => end("Twitch's events could not be reached."));
  socket.on("close", (code) => end(`Twitch closed the connection of its events (${code}).`));
  socket.on("message", (data, isBinary) => {
    if (!isBinary) heard(data.toString());
    if (silenceMs > 0 && socket.readyState === WebSocket.OPEN)
      expect(silenceMs, "Nothing was heard of Twitch's events any more.");
  });

  return {
    welcomed: welcomed.promise,
    lost: lost.promise,
    close() {
      if (socket.readyState === WebSocket.CLOSED) return;
      expect(farewellMs, "Twitch did not close the connection of its events.");
      socket.close();
    },
    destroy: () => end("TRaX closed the connection of Twitch's events."),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

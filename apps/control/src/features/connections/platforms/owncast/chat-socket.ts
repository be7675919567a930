import { WebSocket } from "ws";
import { guardedConnection } from "../../http.ts";
import { PlatformError } from "../../platform.ts";
import { isWelcome, refusalOf } from "./events.ts";

export type ChatSocket = {
  /** Null: the chat knows no such user (any more). Rejects with a `PlatformError` where it cannot be entered. */
  readonly entered: Promise<true | null>;
  readonly lost: Promise<PlatformError>;
  close(): void;
};

/** ms */
export type Patience = { readonly silence: number; readonly answer: number };

const usualPatience: Patience = { silence: 30_000, answer: 15_000 };
const connectingMs = 10_000;
const mostBytes = 262_144;

/** Enters the chat of an instance as a user of it; every event that it tells goes to `take`, in its order. */
export async function openChatSocket(
  base: string,
  userToken: string,
  given: {
    readonly allowedNetworks: readonly string[];
    readonly take: (event: unknown) => void;
    readonly patience?: Patience;
  },
): Promise<ChatSocket> {
  const { silence, answer } = given.patience ?? usualPatience;
  const url = new URL(`${base.replace(/^http/, "ws")}/ws?${new URLSearchParams({ accessToken: userToken })}`);
  const socket = new WebSocket(url, {
    ...(await guardedConnection(url, given.allowedNetworks)),
    handshakeTimeout: connectingMs,
    maxPayload: mostBytes,
    perMessageDeflate: false,
  });
  const entered = Promise.withResolvers<true | null>();
  entered.promise.catch(() => undefined);
  const lost = Promise.withResolvers<PlatformError>();
  let timer: NodeJS.Timeout | undefined;

  const end = (why: PlatformError): void => {
    clearTimeout(timer);
    entered.reject(why);
    lost.resolve(why);
    socket.terminate();
  };
  const unavailable = (message: string): void => end(new PlatformError("unavailable", message));
  const expect = (ms: number, otherwise: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(otherwise, ms);
  };
  const heard = (): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    expect(silence, () => {
      socket.ping();
      expect(answer, () => unavailable("Nothing was heard of Owncast's chat any more."));
    });
  };
  const read = (event: unknown): void => {
    const refusal = refusalOf(event);
    if (refusal === "NEEDS_REGISTRATION" || refusal === "USER_DISABLED") entered.resolve(null);
    if (isWelcome(event)) entered.resolve(true);
    given.take(event);
  };

  expect(connectingMs, () => unavailable("Owncast's chat did not answer in time."));
  socket.on("error", () => unavailable("Owncast's chat could not be reached."));
  socket.on("close", () => unavailable("Owncast closed its chat's connection."));
  // It has no status of its own for this: a chat that is full or switched off answers like a page.
  socket.on("unexpected-response", (request, response) => {
    const status = response.statusCode ?? 0;
    response.resume();
    request.destroy();
    unavailable(
      status === 200 ? "Owncast's chat is full, or switched off." : `Owncast's chat answered with ${status}.`,
    );
  });
  socket.on("open", heard);
  socket.on("ping", heard);
  socket.on("pong", heard);
  socket.on("message", (data, isBinary) => {
    heard();
    // Many events may come in one message, a line each.
    if (!isBinary) for (const line of data.toString().split("\n")) read(parsed(line));
  });
  return { entered: entered.promise, lost: lost.promise, close: () => unavailable("TRaX left Owncast's chat.") };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

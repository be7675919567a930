import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { timestamp } from "./answers.ts";

/** Times of EventSub's WebSocket; shorter in tests. */
export type SessionTimes = {
  /** 10 unless the client asks for another in `keepalive_timeout_seconds`. */
  readonly keepaliveSeconds?: number;
  /** How long a session may be without a subscription; 10,000. */
  readonly unusedMs: number;
  /** How long after `session_reconnect` the old connection lives; 30,000. */
  readonly reconnectMs: number;
};

export type Session = {
  readonly id: string;
  readonly connectedAt: string;
  readonly isOpen: () => boolean;
};

type LiveSession = Session & {
  readonly socket: WebSocket;
  readonly keepaliveSeconds: number;
  readonly timers: Set<NodeJS.Timeout>;
  lastSaid: number;
  askedToReconnect: boolean;
};

export type Sessions = {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly find: (id: string) => Session | undefined;
  readonly open: () => readonly Session[];
  /** Sends a message of that type; nothing is sent while silent, or on a session that is gone. */
  readonly send: (sessionId: string, message: Message) => void;
  /** Asks a session to connect anew; what it is subscribed to moves when the new one is welcomed. */
  readonly askToReconnect: (sessionId: string) => void;
  readonly setSilent: (silent: boolean) => void;
  /** Without a code the connection is just gone. */
  readonly close: (sessionId: string, code?: number, reason?: string) => void;
  readonly stop: () => void;
};

export type Message = {
  readonly type: string;
  readonly id?: string;
  readonly metadata?: object;
  readonly payload: object;
};

export type SessionEvents = {
  /** `from` has become `to`: its subscriptions go there. */
  readonly moved: (from: string, to: Session) => void;
  readonly gone: (session: Session, code: number) => void;
  readonly isUsed: (session: Session) => boolean;
};

/**
 * The server side of `eventsub.wss.twitch.tv/ws` (dev.twitch.tv, Getting Events
 * Using WebSockets): welcome, keepalive, reconnect, and its close codes 4001,
 * 4003, 4004 and 4007. It sends no pings.
 */
export function makeSessions(times: SessionTimes, url: () => string, events: SessionEvents): Sessions {
  const server = new WebSocketServer({ noServer: true });
  const sessions = new Map<string, LiveSession>();
  /** What reconnect URLs stand for; each works once. */
  const reconnects = new Map<string, LiveSession>();
  let silent = false;

  const send = (session: LiveSession, message: Message): void => {
    if (silent || !session.isOpen()) return;
    session.lastSaid = performance.now();
    session.socket.send(
      JSON.stringify({
        metadata: {
          message_id: message.id ?? randomUUID(),
          message_type: message.type,
          message_timestamp: timestamp(),
          ...message.metadata,
        },
        payload: message.payload,
      }),
    );
  };

  const later = (session: LiveSession, ms: number, act: () => void): void => {
    const timer = setTimeout(() => {
      session.timers.delete(timer);
      act();
    }, ms);
    session.timers.add(timer);
  };

  const keepAlive = (session: LiveSession): void => {
    const quiet = performance.now() - session.lastSaid;
    const every = session.keepaliveSeconds * 1000;
    // A millisecond early a timer may be; keepalives fill silence only.
    if (quiet >= every - 1) send(session, { type: "session_keepalive", payload: {} });
    later(session, Math.max(1, quiet >= every - 1 ? every : every - quiet), () => keepAlive(session));
  };

  const welcome = (socket: WebSocket, request: IncomingMessage): void => {
    const query = new URL(request.url ?? "/", "http://eventsub.invalid").searchParams;
    const ticket = query.get("reconnect");
    const previous = ticket === null ? undefined : reconnects.get(ticket);
    if (ticket !== null && (previous === undefined || !reconnects.delete(ticket))) {
      socket.close(4007, "invalid reconnect");
      return;
    }
    const asked = Number(query.get("keepalive_timeout_seconds") ?? 10);
    const session: LiveSession = {
      id: randomUUID().replaceAll("-", ""),
      connectedAt: timestamp(),
      isOpen: () => socket.readyState === socket.OPEN,
      socket,
      keepaliveSeconds: times.keepaliveSeconds ?? Math.min(600, Math.max(10, Number.isNaN(asked) ? 10 : asked)),
      timers: new Set(),
      lastSaid: performance.now(),
      askedToReconnect: false,
    };
    sessions.set(session.id, session);
    socket.on("error", () => socket.terminate());
    socket.on("message", () => socket.close(4001, "client sent inbound traffic"));
    socket.on("close", (code) => {
      for (const timer of session.timers) clearTimeout(timer);
      sessions.delete(session.id);
      events.gone(session, code);
    });
    if (previous !== undefined) events.moved(previous.id, session);
    send(session, { type: "session_welcome", payload: { session: sessionData(session, "connected", null) } });
    keepAlive(session);
    later(session, times.unusedMs, () => {
      if (!session.askedToReconnect && !events.isUsed(session)) socket.close(4003, "connection unused");
    });
  };

  return {
    upgrade: (request, socket, head) => server.handleUpgrade(request, socket, head, welcome),
    find: (id) => sessions.get(id),
    open: () => [...sessions.values()].filter((session) => session.isOpen()),
    send: (sessionId, message) => {
      const session = sessions.get(sessionId);
      if (session !== undefined) send(session, message);
    },
    askToReconnect: (sessionId) => {
      const session = sessions.get(sessionId);
      if (session === undefined) return;
      session.askedToReconnect = true;
      const ticket = randomUUID();
      reconnects.set(ticket, session);
      send(session, {
        type: "session_reconnect",
        payload: { session: sessionData(session, "reconnecting", `${url()}?reconnect=${ticket}`) },
      });
      later(session, times.reconnectMs, () => {
        reconnects.delete(ticket);
        session.socket.close(4004, "reconnect grace time expired");
      });
    },
    setSilent: (next) => {
      silent = next;
    },
    close: (sessionId, code, reason) => {
      const socket = sessions.get(sessionId)?.socket;
      if (code === undefined) socket?.terminate();
      else socket?.close(code, reason);
    },
    stop: () => {
      for (const session of sessions.values()) {
        for (const timer of session.timers) clearTimeout(timer);
        session.socket.terminate();
      }
      server.close();
    },
  };
}

function sessionData(session: LiveSession, status: string, reconnectUrl: string | null): object {
  return {
    id: session.id,
    status,
    connected_at: session.connectedAt,
    keepalive_timeout_seconds: reconnectUrl === null ? session.keepaliveSeconds : null,
    reconnect_url: reconnectUrl,
    recovery_url: null,
  };
}

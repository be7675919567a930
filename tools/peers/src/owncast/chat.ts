import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { field, stringField } from "../platform/call.ts";
import { newMessage, type OwncastMessage, type OwncastState, type OwncastUser, shortId } from "./state.ts";

type Event = Readonly<Record<string, unknown>>;
type Client = { readonly id: number; readonly socket: WebSocket; readonly user: OwncastUser; queue: string[] };

/** As Owncast does (services/chat): a ping every 54 s, and nothing longer than this is taken. */
const pingMs = 54_000;
const longestPayload = 2048;

/** The chat's WebSocket, `/ws?accessToken=`. `published` is told of every message there is. */
export function makeChat(state: OwncastState, published: (message: OwncastMessage, clientId: number) => void) {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 2 * longestPayload });
  const clients = new Set<Client>();
  let nextId = 1;
  let stalled = false;
  const pings = setInterval(() => {
    if (!stalled) for (const client of clients) client.socket.ping();
  }, pingMs);

  /** What is queued in one turn goes out as one WebSocket message, a line each, as Owncast's writer does under load. */
  const send = (client: Client, event: Event): void => {
    client.queue.push(JSON.stringify(event));
    if (client.queue.length === 1) setImmediate(flush, client);
  };
  const flush = (client: Client): void => {
    if (stalled || client.queue.length === 0) return;
    client.socket.send(client.queue.join("\n"));
    client.queue = [];
  };

  const broadcast = (event: Event): void => {
    for (const client of clients) send(client, event);
  };

  const publish = (message: OwncastMessage, clientId = 0): OwncastMessage => {
    state.messages.push(message);
    broadcast(shown(message, state));
    published(message, clientId);
    return message;
  };

  const received = (client: Client, data: string): void => {
    if (data.length > longestPayload) {
      const sorry = "Sorry, that message exceeded the maximum size and can't be delivered.";
      return send(client, shown(newMessage("CHAT_ACTION", sorry, null), state));
    }
    const event = parse(data);
    const type = stringField(event, "type");
    if (type === "CHAT") {
      const message = newMessage("CHAT", stringField(event, "body") ?? "", client.user);
      if (message.body !== "") publish(message, client.id);
    } else if (type === "NAME_CHANGE") rename(client.user, stringField(event, "newName") ?? "");
  };

  const rename = (user: OwncastUser, newName: string): void => {
    const oldName = user.displayName;
    if (newName === "" || newName === oldName) return;
    user.displayName = newName.slice(0, 30);
    broadcast({ ...stamp("NAME_CHANGE"), user, oldName });
  };

  const welcome = (socket: WebSocket, user: OwncastUser): void => {
    const client: Client = { id: nextId++, socket, user, queue: [] };
    const known = [...clients].some((one) => one.user === user);
    clients.add(client);
    socket.on("message", (data) => received(client, String(data)));
    socket.once("close", () => {
      clients.delete(client);
      client.queue = [];
    });
    send(client, { ...stamp("CONNECTED_USER_INFO"), user });
    if (state.online && !known) broadcast({ ...stamp("USER_JOINED"), user });
  };

  return {
    publish,
    broadcast,
    rename,
    clients: (): number => clients.size,
    /** Whoever may not come in is told why in a message, and then the socket is closed, as Owncast does. */
    upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      const url = new URL(request.url ?? "/", "http://owncast.invalid");
      if (url.pathname !== "/ws") return void socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
      if (state.chatDisabled) return plain(socket, "CHAT_DISABLED");
      if (clients.size >= state.mostClients) return plain(socket, "ERROR_MAX_CONNECTIONS_EXCEEDED");
      sockets.handleUpgrade(request, socket, head, (opened) => {
        opened.on("error", () => opened.terminate());
        const token = url.searchParams.get("accessToken") ?? "";
        const user = state.users.get(token);
        if (user !== undefined && user.disabledAt === undefined) return welcome(opened, user);
        if (token !== "")
          opened.send(
            JSON.stringify({ type: user === undefined ? "ERROR_NEEDS_REGISTRATION" : "ERROR_USER_DISABLED" }),
          );
        opened.close();
      });
    },
    setVisibility: (messages: readonly OwncastMessage[], visible: boolean): void => {
      for (const message of messages) message.hidden = !visible;
      broadcast({ ...stamp("VISIBILITY-UPDATE"), ids: messages.map(({ id }) => id), visible });
    },
    disable: (user: OwncastUser): void => {
      user.disabledAt = new Date().toISOString();
      for (const client of clients)
        if (client.user === user) {
          client.socket.send(JSON.stringify({ ...stamp("ERROR_USER_DISABLED"), user: null }));
          client.socket.close();
        }
    },
    stall: (): void => {
      stalled = true;
    },
    resume: (): void => {
      stalled = false;
      for (const client of clients) flush(client);
    },
    drop: (): void => {
      for (const client of clients) client.socket.terminate();
    },
    stop: (): void => {
      clearInterval(pings);
      for (const client of clients) client.socket.terminate();
      sockets.close();
    },
  };
}

export type OwncastChat = ReturnType<typeof makeChat>;

/** A message as it goes to those who are there. */
export function shown(message: OwncastMessage, state: OwncastState): Event {
  const { id, timestamp, body, type, user, hidden } = message;
  if (type === "CHAT") return { id, timestamp, body, user, type, visible: !hidden };
  if (type === "SYSTEM") return { id, timestamp, body, type, user: { displayName: state.name } };
  return { id, timestamp, body, type };
}

export function stamp(type: string): { type: string; id: string; timestamp: string } {
  return { type, id: shortId(), timestamp: new Date().toISOString() };
}

function parse(data: string): unknown {
  try {
    const event: unknown = JSON.parse(data);
    return field(event, "type") === undefined ? undefined : event;
  } catch {
    return undefined;
  }
}

/** Refused before the upgrade: an ordinary answer, with 200. */
function plain(socket: Duplex, reason: string): void {
  socket.end(
    `HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\nContent-Length: ${reason.length}\r\n\r\n${reason}`,
  );
}

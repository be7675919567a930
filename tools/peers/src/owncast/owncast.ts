import { randomBytes } from "node:crypto";
import { type PlatformServer, startPlatformServer } from "../platform/server.ts";
import { makeChat } from "./chat.ts";
import { owncastRoutes } from "./routes.ts";
import {
  makeState,
  newMessage,
  newToken,
  newUser,
  type OwncastIntegration,
  type OwncastMessage,
  type OwncastScope,
  type OwncastUser,
} from "./state.ts";

export type OwncastOptions = { readonly name?: string };

/** An Owncast instance of one's own. `requests`, `failNext` (`/ws` too) and the like: `PlatformServer`. */
export type Owncast = Omit<PlatformServer, "stop"> & {
  /** What a streamer enters as its URL; the same as `origin`. */
  readonly url: string;
  readonly name: string;
  readonly adminPassword: string;
  /** An access token, as an owner makes one in the admin pages; to send and to read everything, unless scopes are named. */
  readonly addIntegration: (name: string, scopes?: readonly OwncastScope[]) => OwncastIntegration;
  readonly revokeIntegration: (integration: OwncastIntegration) => void;
  readonly addUser: (displayName: string, options?: { readonly moderator?: boolean }) => OwncastUser;
  /** Somebody types that; it is shown rendered to HTML. What is said in one turn arrives as one WebSocket message. */
  readonly say: (user: OwncastUser, typed: string) => OwncastMessage;
  readonly saySystem: (typed: string) => OwncastMessage;
  readonly rename: (user: OwncastUser, newName: string) => void;
  readonly hide: (...messages: readonly OwncastMessage[]) => void;
  readonly unhide: (...messages: readonly OwncastMessage[]) => void;
  /** Hides all that the user wrote, tells the user's own sockets and closes them. */
  readonly ban: (user: OwncastUser) => void;
  /** Any event to everybody, as it is: duplicates, what is out of order, what Owncast would never say. */
  readonly broadcast: (event: Readonly<Record<string, unknown>>) => void;
  /** All there is, hidden ones too, oldest first. */
  readonly messages: readonly OwncastMessage[];
  /** How many sockets the chat has now. */
  readonly chatClients: () => number;
  /** Chat sockets stay and nothing comes, not even pings; what was said meanwhile comes when it resumes. */
  readonly stallChat: () => void;
  readonly resumeChat: () => void;
  /** Cuts all chat sockets off. */
  readonly dropChat: () => void;
  /** Forgets all users of the chat, as a new database would: they are told to register. */
  readonly forgetUsers: () => void;
  readonly disableChat: (disabled: boolean) => void;
  /** So many sockets and no more. */
  readonly limitChat: (mostClients: number) => void;
  readonly setOnline: (online: boolean) => void;
  readonly streamTitle: () => string;
  readonly stop: () => Promise<void>;
};

export async function startOwncast(options: OwncastOptions = {}): Promise<Owncast> {
  const state = makeState(options.name ?? "An Owncast of tests");
  const adminPassword = randomBytes(9).toString("base64url");
  const posts = new Set<Promise<void>>();
  const stopping = new AbortController();

  /** Once to each who asked for such events, unsigned, and whatever is answered: Owncast does no more. */
  const postWebhooks = (type: string, eventData: unknown): void => {
    for (const webhook of state.webhooks.filter(({ events }) => events.includes(type))) {
      const post = fetch(webhook.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ type, eventData }),
        signal: stopping.signal,
      }).then(
        (response) => response.body?.cancel(),
        () => undefined,
      );
      posts.add(post);
      void post.finally(() => posts.delete(post));
    }
  };

  const chat = makeChat(state, ({ type, id, timestamp, body, user, hidden }, clientId) => {
    if (type === "CHAT") postWebhooks(type, { user, clientId, body, rawBody: body, id, visible: !hidden, timestamp });
  });
  const server = await startPlatformServer({
    routes: owncastRoutes(state, chat, adminPassword),
    errorBody: (status) => (status === 401 ? "unauthorized" : { error: `status ${status}` }),
    upgrade: chat.upgrade,
  });

  return {
    ...server,
    url: server.origin,
    name: state.name,
    adminPassword,
    addIntegration: (name, scopes = ["CAN_SEND_MESSAGES", "CAN_SEND_SYSTEM_MESSAGES", "HAS_ADMIN_ACCESS"]) => {
      const integration = { token: newToken(), name, scopes, user: newUser(name, { isBot: true }) };
      state.integrations.set(integration.token, integration);
      return integration;
    },
    revokeIntegration: ({ token }) => void state.integrations.delete(token),
    addUser: (displayName, { moderator = false } = {}) => {
      const user = newUser(displayName, moderator ? { scopes: ["MODERATOR"] } : {});
      state.users.set(newToken(), user);
      return user;
    },
    say: (user, typed) => chat.publish(newMessage("CHAT", typed, user)),
    saySystem: (typed) => chat.publish(newMessage("SYSTEM", typed, null)),
    rename: chat.rename,
    hide: (...messages) => chat.setVisibility(messages, false),
    unhide: (...messages) => chat.setVisibility(messages, true),
    ban: (user) => {
      chat.setVisibility(
        state.messages.filter((message) => message.user === user && !message.hidden),
        false,
      );
      chat.disable(user);
      chat.publish(newMessage("CHAT_ACTION", `**${user.displayName}** has been removed from chat.`, null));
    },
    broadcast: chat.broadcast,
    messages: state.messages,
    chatClients: chat.clients,
    stallChat: chat.stall,
    resumeChat: chat.resume,
    dropChat: chat.drop,
    forgetUsers: () => state.users.clear(),
    disableChat: (disabled) => {
      state.chatDisabled = disabled;
    },
    limitChat: (mostClients) => {
      state.mostClients = mostClients;
    },
    setOnline: (online) => {
      state.online = online;
      const now = new Date().toISOString();
      if (online) state.lastConnectTime = now;
      else state.lastDisconnectTime = now;
      postWebhooks(online ? "STREAM_STARTED" : "STREAM_STOPPED", { name: state.name, streamTitle: state.streamTitle });
    },
    streamTitle: () => state.streamTitle,
    stop: async () => {
      stopping.abort();
      chat.stop();
      await server.stop();
      await Promise.all(posts);
    },
  };
}

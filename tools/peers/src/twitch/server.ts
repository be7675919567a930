import { randomUUID } from "node:crypto";
import { bearerOf } from "../platform/call.ts";
import { type Decision, type Issued, makeOAuth } from "../platform/oauth.ts";
import { type PlatformServer, startPlatformServer } from "../platform/server.ts";
import { errorBody } from "./answers.ts";
import { authRoutes } from "./auth.ts";
import {
  type ChatEvent,
  clearedEvent,
  deletionEvent,
  messageEvent,
  type Notice,
  noticeEvent,
  raidEvent,
  userClearedEvent,
} from "./chat-event.ts";
import { type DropReason, type Helix, helixRoutes } from "./helix.ts";
import { ingestRoute } from "./ingests.ts";
import { makeRateLimit } from "./rate-limit.ts";
import { makeSessions, type Sessions } from "./sessions.ts";
import { makeSubscriptions, type Notification, type Subscription } from "./subscriptions.ts";
import { type Badge, makeWorld, type TwitchUser } from "./world.ts";

export type TwitchOptions = {
  /** Where streams go, without the key: `rtmp://127.0.0.1:PORT/live`. */
  readonly ingestUrl?: string;
  /** The same for `url_template_secure`; `ingestUrl` by RTMPS unless set. */
  readonly secureIngestUrl?: string;
  /** Twitch's refresh tokens stay as they are, unless this is set. */
  readonly rotatesRefreshTokens?: boolean;
  /** An access token's life, s; 14,400. */
  readonly expiresIn?: number;
  /** Helix points a minute for each token; 800. */
  readonly rateLimit?: number;
  /** Between keepalives, s; else what the client asks for, 10 to 600. */
  readonly keepaliveSeconds?: number;
  /** How long a WebSocket may be without a subscription, ms; 10,000. */
  readonly unusedMs?: number;
  /** How long one that was asked to reconnect lives, ms; 30,000. */
  readonly reconnectMs?: number;
};

/** How something is said: as Twitch would on a bad day, too. */
export type SayOptions = {
  readonly id?: string;
  readonly replyTo?: string;
  readonly badges?: readonly Badge[];
  /** It is said with something that Twitch itself shows: then it comes with that alone. */
  readonly notice?: Notice;
};

export type Twitch = PlatformServer & {
  /** What TRaX is configured with to use this Twitch: its names for the environment. */
  readonly baseUrls: Readonly<Record<string, string>>;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly addUser: (user: { login: string; name?: string; color?: string; streamKey?: string }) => TwitchUser;
  /** What the user does on the consent page from now on. */
  readonly decide: (decision: Decision) => void;
  /** Tokens without the redirects. */
  readonly grant: (user: TwitchUser, scopes: readonly string[]) => Issued;
  readonly expireAccessTokens: () => void;
  /** The user disconnects the app in Twitch's settings: tokens are dead, subscriptions revoked. */
  readonly withdraw: (user: TwitchUser) => void;
  readonly liveGrants: (user: TwitchUser) => number;
  /** Answers the message's id. */
  readonly say: (channel: TwitchUser, chatter: TwitchUser, text: string, options?: SayOptions) => string;
  /** The raider says nothing by it. */
  readonly raid: (channel: TwitchUser, raider: TwitchUser) => void;
  /** Also one that nobody has seen yet. */
  readonly deleteMessage: (channel: TwitchUser, chatter: TwitchUser, messageId: string) => void;
  /** A ban or time-out: all that this user said. */
  readonly clearUser: (channel: TwitchUser, target: TwitchUser) => void;
  readonly clearChat: (channel: TwitchUser) => void;
  /** Keeps notifications back until `releaseEvents`, which can turn their order around. */
  readonly holdEvents: () => void;
  readonly releaseEvents: (order?: "as said" | "reversed") => void;
  /** Sends the last notifications again, the same message ids. */
  readonly repeatEvents: (count?: number) => void;
  /** The next message sent is taken and not shown. */
  readonly dropNext: (reason: DropReason) => void;
  /** No Helix points are left to anybody for that long. */
  readonly drainRateLimit: (seconds: number) => void;
  /** Open sessions' ids. */
  readonly sessions: () => readonly string[];
  readonly subscriptions: () => readonly Subscription[];
  readonly askToReconnect: () => void;
  /** Sockets stay open and nothing is said on them, not even a keepalive; what happens meanwhile is lost. */
  readonly setSilent: (silent: boolean) => void;
  /** Without a code they are just gone. */
  readonly closeSockets: (code?: number, reason?: string) => void;
};

/**
 * A Twitch of our own, with what TRaX uses of it: OAuth, Helix, EventSub by
 * WebSocket, ingests. A fake: written from Twitch's published reference, and
 * held by its tests to what twurple accepts. It answers at the documented paths
 * and at those of Twitch's mock server (`TWURPLE_MOCK_API_PORT`).
 */
export async function startTwitch(options: TwitchOptions = {}): Promise<Twitch> {
  const world = makeWorld();
  const rateLimit = makeRateLimit(options.rateLimit ?? 800);
  const oauth = makeOAuth({
    clientId: "twitch-client",
    clientSecret: "twitch-secret",
    expiresIn: options.expiresIn ?? 14_400,
    rotatesRefreshTokens: options.rotatesRefreshTokens ?? false,
  });
  let dropReason: DropReason | undefined;
  let held: Notification[] | undefined;
  const sent: Notification[] = [];

  const say: Twitch["say"] = (broadcaster, chatter, text, how = {}) => {
    const message = {
      id: how.id ?? randomUUID(),
      broadcaster,
      chatter,
      text,
      replyTo: world.messages.get(how.replyTo ?? "") ?? null,
      badges: how.badges ?? (chatter === broadcaster ? [{ set_id: "broadcaster", id: "1", info: "" }] : []),
    };
    world.messages.set(message.id, message);
    tell(how.notice === undefined ? messageEvent(world, message) : noticeEvent(world, message, how.notice));
    return message.id;
  };
  const helix: Helix = {
    oauth,
    world,
    rateLimit,
    say: (broadcaster, chatter, text, replyTo) =>
      say(broadcaster, chatter, text, replyTo === undefined ? {} : { replyTo }),
    dropped: () => {
      const reason = dropReason;
      dropReason = undefined;
      return reason;
    },
  };
  const subscriptions = makeSubscriptions(helix, () => sessions);
  const deliver = (notification: Notification): void => {
    sent.push(notification);
    subscriptions.send(notification);
  };
  const tell = (event: ChatEvent): void => {
    for (const notification of subscriptions.notificationsOf(event))
      if (held === undefined) deliver(notification);
      else held.push(notification);
  };
  const sessions: Sessions = makeSessions(
    {
      unusedMs: options.unusedMs ?? 10_000,
      reconnectMs: options.reconnectMs ?? 30_000,
      ...(options.keepaliveSeconds === undefined ? {} : { keepaliveSeconds: options.keepaliveSeconds }),
    },
    () => `ws://127.0.0.1:${server.port}/ws`,
    subscriptions,
  );
  const revoked = (userId: string): void => subscriptions.revoke(userId, "authorization_revoked");
  const server = await startPlatformServer({
    errorBody: (status) => errorBody(status),
    headers: (request) =>
      /^\/(helix|mock|eventsub)\//.test(request.path) ? rateLimit.headers(bearerOf(request) ?? "") : {},
    upgrade: (request, socket, head) => sessions.upgrade(request, socket, head),
    routes: [
      ...["/oauth2", "/auth"].flatMap((base) => authRoutes(base, oauth, world, revoked)),
      ...["/helix", "/mock"].flatMap((base) => helixRoutes(base, helix)),
      ...subscriptions.routes(["/helix/eventsub/subscriptions", "/eventsub/subscriptions"]),
      ingestRoute(options.ingestUrl ?? "rtmp://127.0.0.1:1935/app", options.secureIngestUrl),
    ],
  });

  return {
    ...server,
    baseUrls: {
      TRAX_TWITCH_AUTH_URL: `${server.origin}/oauth2`,
      TRAX_TWITCH_API_URL: `${server.origin}/helix`,
      TRAX_TWITCH_EVENTSUB_URL: `ws://127.0.0.1:${server.port}/ws`,
      TRAX_TWITCH_INGEST_URL: `${server.origin}/ingests`,
      TRAX_TWITCH_CLIENT_ID: oauth.options.clientId,
      TRAX_TWITCH_CLIENT_SECRET: oauth.options.clientSecret,
    },
    clientId: oauth.options.clientId,
    clientSecret: oauth.options.clientSecret,
    addUser: ({ login, name, color, streamKey }) => {
      const id = String(100_000 + world.users.size);
      const user: TwitchUser = {
        id,
        login,
        name: name ?? login,
        color: color ?? "",
        title: "",
        gameId: "",
        streamKey: streamKey ?? `live_${id}_${randomUUID().replaceAll("-", "")}`,
      };
      world.users.set(id, user);
      return user;
    },
    decide: oauth.decide,
    grant: (user, scopes) => oauth.grant(user.id, scopes),
    expireAccessTokens: oauth.expireAccessTokens,
    withdraw: (user) => {
      oauth.revokeUser(user.id);
      revoked(user.id);
    },
    liveGrants: (user) => oauth.liveGrants(user.id),
    say,
    raid: (channel, raider) => tell(raidEvent(world, channel, raider, randomUUID())),
    deleteMessage: (channel, chatter, messageId) => tell(deletionEvent(channel, chatter, messageId)),
    clearUser: (channel, target) => tell(userClearedEvent(channel, target)),
    clearChat: (channel) => tell(clearedEvent(channel)),
    holdEvents: () => {
      held ??= [];
    },
    releaseEvents: (order = "as said") => {
      const waiting = held ?? [];
      held = undefined;
      for (const notification of order === "reversed" ? waiting.toReversed() : waiting) deliver(notification);
    },
    repeatEvents: (count = 1) => {
      for (const notification of sent.slice(-count)) subscriptions.send(notification);
    },
    dropNext: (reason) => {
      dropReason = reason;
    },
    drainRateLimit: rateLimit.drain,
    sessions: () => sessions.open().map((session) => session.id),
    subscriptions: subscriptions.enabled,
    askToReconnect: () => {
      for (const session of sessions.open()) sessions.askToReconnect(session.id);
    },
    setSilent: sessions.setSilent,
    closeSockets: (code, reason) => {
      for (const session of sessions.open()) sessions.close(session.id, code, reason);
    },
    stop: async () => {
      sessions.stop();
      await server.stop();
    },
  };
}

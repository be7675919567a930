import { randomBytes, randomUUID } from "node:crypto";
import { makeOAuth, type Issued, type OAuth } from "../platform/oauth.ts";
import { type PlatformServer, startPlatformServer } from "../platform/server.ts";
import { callerOf, kickError } from "./access.ts";
import { apiRoutes } from "./api-routes.ts";
import { type AppTokens, authRoutes } from "./auth-routes.ts";
import { eventRoutes } from "./event-routes.ts";
import { banned, chatMessage, type KickBan } from "./payloads.ts";
import {
  addUser,
  type KickBadge,
  type KickMessage,
  type KickSubscription,
  type KickUser,
  makeState,
  type NewKickUser,
} from "./state.ts";
import { ulid } from "./ulid.ts";
import { type KickDelivery, makeWebhooks, type SigningOptions } from "./webhooks.ts";

export type KickOptions = {
  /** Where this app's webhooks go, as an operator enters it at Kick; `setWebhookUrl` may say it later. */
  readonly webhookUrl?: string;
  /** An access token's life, s; 7,200 unless set. */
  readonly expiresIn?: number;
};

export type SayOptions = {
  readonly replyTo?: KickMessage;
  readonly color?: string;
  readonly badges?: readonly KickBadge[];
};

/** A Kick of one's own, and what happens on it. `requests`, `failNext` and the like: `PlatformServer`. */
export type Kick = Omit<PlatformServer, "stop"> & {
  /** TRAX_KICK_*, for a TRaX that uses it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly oauth: OAuth;
  readonly addUser: (user: NewKickUser) => KickUser;
  /** What that user does at the consent page from now on; what is asked for, unless other scopes are named. */
  readonly consentAs: (user: KickUser, scopes?: readonly string[]) => void;
  readonly deny: () => void;
  /** Tokens of that user without the redirects. */
  readonly grant: (user: KickUser, scopes: readonly string[]) => Issued;
  /** The user removes the app in Kick's settings: all tokens are dead, and so are its subscriptions. */
  readonly revoke: (user: KickUser) => void;
  /** Somebody writes in a channel. Emotes are written as Kick does, `[emote:37226:KEKW]`. */
  readonly say: (channel: KickUser, sender: KickUser, content: string, options?: SayOptions) => KickMessage;
  readonly ban: (channel: KickUser, user: KickUser, options?: Partial<Omit<KickBan, "channel" | "user">>) => void;
  /** All that was written, also by way of the API, oldest first. */
  readonly messages: readonly KickMessage[];
  readonly subscriptions: readonly KickSubscription[];
  /** Ends all subscriptions, as Kick does to an app whose webhook failed for a day. */
  readonly unsubscribeApp: () => void;
  /** The next messages that are sent are answered `is_sent: false`, and nobody sees them. */
  readonly dropNext: (count: number) => void;
  readonly setWebhookUrl: (url: string) => void;
  /** Every webhook, whether it arrived or not, in the order of the events. */
  readonly deliveries: readonly KickDelivery[];
  /** Fulfilled once all that is under way arrived or was given up. */
  readonly delivered: () => Promise<void>;
  /** Keeps webhooks back until they are released, one after the other. */
  readonly holdWebhooks: () => void;
  readonly releaseWebhooks: (order?: "as sent" | "reversed") => Promise<void>;
  /** The same post once more, or with something in it changed and the signature as it was. Answers its status. */
  readonly replay: (
    delivery: KickDelivery,
    changes?: Partial<Omit<KickDelivery, "attempts">>,
  ) => Promise<number | null>;
  /** A post that is no event of this Kick: a message signed at another time or by another key. Answers its status. */
  readonly forge: (
    channel: KickUser,
    sender: KickUser,
    content: string,
    options: SigningOptions,
  ) => Promise<number | null>;
  /** Signs with a new key from now on; `/public-key` answers it. */
  readonly rotateKey: () => void;
  readonly stop: () => Promise<void>;
};

/** Starts it on loopback. The first start takes some 100 ms for its RSA key. */
export async function startKick(options: KickOptions = {}): Promise<Kick> {
  const state = makeState();
  const webhooks = makeWebhooks(options.webhookUrl);
  const appTokens: AppTokens = new Set();
  const appId = ulid();
  const oauth = makeOAuth({
    clientId: appId,
    clientSecret: randomBytes(32).toString("hex"),
    expiresIn: options.expiresIn ?? 7200,
    rotatesRefreshTokens: true,
    requiresPkce: true,
  });

  const tell = (channel: KickUser, event: string, payload: unknown): void => {
    for (const one of state.subscriptions)
      if (one.event === event && one.broadcasterId === channel.id) webhooks.send(event, one.id, payload);
  };

  const messageOf = (channel: KickUser, sender: KickUser, content: string, said: SayOptions = {}): KickMessage => ({
    id: randomUUID(),
    channel,
    sender,
    content,
    color: said.color ?? "#FF5733",
    badges: said.badges ?? (sender === channel ? [{ text: "Broadcaster", type: "broadcaster" }] : []),
    replyTo: said.replyTo ?? null,
    createdAt: new Date(),
  });

  const say = (channel: KickUser, sender: KickUser, content: string, said?: SayOptions): KickMessage => {
    const message = messageOf(channel, sender, content, said);
    state.messages.push(message);
    tell(channel, "chat.message.sent", chatMessage(message));
    return message;
  };

  const parts = {
    state,
    appId,
    callerOf: (call: Parameters<typeof callerOf>[0], scope: string | null) =>
      callerOf(call, oauth, appTokens, state, scope),
    publicKey: webhooks.publicKey,
    say: (channel: KickUser, sender: KickUser, content: string, replyTo: KickMessage | null) =>
      say(channel, sender, content, replyTo === null ? {} : { replyTo }),
  };
  const server = await startPlatformServer({
    routes: [
      ...authRoutes(oauth, appTokens, () => randomBytes(24).toString("hex")),
      ...apiRoutes(parts),
      ...eventRoutes(parts),
    ],
    errorBody: (status) => kickError(status).body,
  });

  return {
    ...server,
    environment: {
      TRAX_KICK_CLIENT_ID: oauth.options.clientId,
      TRAX_KICK_CLIENT_SECRET: oauth.options.clientSecret,
      TRAX_KICK_AUTH_URL: `${server.origin}/oauth`,
      TRAX_KICK_API_URL: `${server.origin}/public/v1`,
    },
    oauth,
    addUser: (user) => addUser(state, user),
    consentAs: (user, scopes) =>
      oauth.decide({ kind: "consent", userId: String(user.id), ...(scopes === undefined ? {} : { scopes }) }),
    deny: () => oauth.decide({ kind: "deny" }),
    grant: (user, scopes) => oauth.grant(String(user.id), scopes),
    revoke: (user) => {
      oauth.revokeUser(String(user.id));
      const kept = state.subscriptions.filter((one) => one.broadcasterId !== user.id);
      state.subscriptions.splice(0, Infinity, ...kept);
    },
    say,
    ban: (channel, user, { moderator = channel, reason = "spam", expiresAt = null } = {}) =>
      tell(channel, "moderation.banned", banned({ channel, user, moderator, reason, expiresAt })),
    messages: state.messages,
    subscriptions: state.subscriptions,
    unsubscribeApp: () => void state.subscriptions.splice(0),
    dropNext: (count) => {
      state.dropped = count;
    },
    setWebhookUrl: webhooks.setUrl,
    deliveries: webhooks.deliveries,
    delivered: webhooks.settled,
    holdWebhooks: webhooks.hold,
    releaseWebhooks: (order = "as sent") => webhooks.release(order),
    replay: (delivery, changes = {}) => webhooks.post({ ...delivery, ...changes, attempts: [] }),
    forge: (channel, sender, content, signing) => {
      const payload = chatMessage(messageOf(channel, sender, content));
      return webhooks.post(webhooks.sign("chat.message.sent", ulid(), payload, signing));
    },
    rotateKey: webhooks.rotateKey,
    stop: async () => {
      await webhooks.stop();
      await server.stop();
    },
  };
}

import { randomUUID } from "node:crypto";
import { type Call, field, jsonOf, type Reply, type Route, stringField } from "../platform/call.ts";
import type { AccessToken } from "../platform/oauth.ts";
import { refuse, timestamp } from "./answers.ts";
import type { ChatEvent } from "./chat-event.ts";
import { admitted, type Helix } from "./helix.ts";
import type { Session, Sessions } from "./sessions.ts";

export type Subscription = {
  readonly id: string;
  readonly type: string;
  readonly userId: string;
  readonly broadcasterId: string;
  readonly createdAt: string;
  status: string;
  session: Session;
  disconnectedAt?: string;
};

/** What a notification was, to be sent again as it was. */
export type Notification = { readonly subscription: Subscription; readonly messageId: string; readonly event: object };

const types = new Set([
  "channel.chat.message",
  "channel.chat.notification",
  "channel.chat.message_delete",
  "channel.chat.clear_user_messages",
  "channel.chat.clear",
]);
const scope = "user:read:chat";
const limits = { perSession: 300, sessionsPerUser: 3, totalCost: 10 };

/** EventSub subscriptions by WebSocket (Create, Get and Delete EventSub Subscription). */
export function makeSubscriptions(helix: Helix, sessions: () => Sessions) {
  const all = new Map<string, Subscription>();
  const enabled = (): Subscription[] => [...all.values()].filter((one) => one.status === "enabled");

  const create = (call: Call, token: AccessToken): Reply => {
    const body = jsonOf(call);
    const condition = field(body, "condition");
    const transport = field(body, "transport");
    const type = stringField(body, "type") ?? "";
    const broadcasterId = stringField(condition, "broadcaster_user_id") ?? "";
    const { userId } = token.grant;
    if (stringField(transport, "method") !== "websocket") refuse(400, "invalid transport and auth combination");
    if (!types.has(type) || stringField(body, "version") !== "1") refuse(400, "invalid subscription type and version");
    if (!helix.world.users.has(broadcasterId)) refuse(400, "invalid condition");
    if (stringField(condition, "user_id") !== userId || !token.grant.scopes.includes(scope))
      refuse(403, "subscription missing proper authorization");
    const session = sessions().find(stringField(transport, "session_id") ?? "");
    if (session?.isOpen() !== true)
      refuse(400, "websocket transport session does not exist or has already disconnected");
    const mine = enabled().filter((one) => one.userId === userId);
    const beside = enabled().filter((one) => one.session === session);
    if (beside.some((one) => one.userId !== userId))
      refuse(400, "websocket transport cannot have subscriptions created by different users");
    if (beside.some((one) => one.type === type && one.broadcasterId === broadcasterId))
      refuse(409, "subscription already exists");
    if (beside.length >= limits.perSession) refuse(429, "number of subscriptions limit exceeded");
    if (new Set(mine.map((one) => one.session)).add(session).size > limits.sessionsPerUser)
      refuse(429, "number of websocket transports limit exceeded");
    const subscription: Subscription = {
      id: randomUUID(),
      type,
      userId,
      broadcasterId,
      createdAt: timestamp(),
      status: "enabled",
      session,
    };
    all.set(subscription.id, subscription);
    return { status: 202, body: listing([subscription], mine.length + 1) };
  };

  const list = (call: Call, token: AccessToken): Reply => {
    const status = call.query.get("status");
    const type = call.query.get("type");
    const mine = [...all.values()].filter((one) => one.userId === token.grant.userId);
    const found = mine.filter(
      (one) => (status === null || one.status === status) && (type === null || one.type === type),
    );
    return { status: 200, body: { ...listing(found, mine.length), pagination: {} } };
  };

  const remove = (call: Call, token: AccessToken): Reply => {
    const found = all.get(call.query.get("id") ?? "");
    if (found === undefined || found.userId !== token.grant.userId) refuse(404, "subscription not found");
    all.delete(found.id);
    return { status: 204 };
  };

  return {
    /** At every path that is one of EventSub's. */
    routes: (paths: readonly string[]): Route[] =>
      paths.flatMap((path) => [
        { method: "POST", path, answer: (call: Call) => create(call, admitted(helix, call)) },
        { method: "GET", path, answer: (call: Call) => list(call, admitted(helix, call)) },
        { method: "DELETE", path, answer: (call: Call) => remove(call, admitted(helix, call)) },
      ]),
    /** A notification for each subscription that asked for this. */
    notificationsOf: (event: ChatEvent): Notification[] =>
      enabled()
        .filter((one) => one.type === event.type && one.broadcasterId === event.broadcasterId)
        .map((subscription) => ({ subscription, messageId: randomUUID(), event: event.event })),
    send: ({ subscription, messageId, event }: Notification): void => {
      if (subscription.status !== "enabled") return;
      sessions().send(subscription.session.id, {
        type: "notification",
        id: messageId,
        metadata: { subscription_type: subscription.type, subscription_version: "1" },
        payload: { subscription: subscriptionData(subscription), event },
      });
    },
    /** Ends a user's subscriptions, as when the grant is withdrawn, and says so. */
    revoke: (userId: string, status: string): void => {
      for (const subscription of enabled().filter((one) => one.userId === userId)) {
        subscription.status = status;
        sessions().send(subscription.session.id, {
          type: "revocation",
          metadata: { subscription_type: subscription.type, subscription_version: "1" },
          payload: { subscription: subscriptionData(subscription) },
        });
      }
    },
    moved: (from: string, to: Session): void => {
      for (const one of enabled()) if (one.session.id === from) one.session = to;
    },
    gone: (session: Session, code: number): void => {
      for (const one of enabled().filter((each) => each.session === session)) {
        one.status = closedStatus[code] ?? "websocket_disconnected";
        one.disconnectedAt = timestamp();
      }
    },
    isUsed: (session: Session): boolean => enabled().some((one) => one.session === session),
    /** Those that are enabled now. */
    enabled,
  };
}

const closedStatus: Readonly<Record<number, string>> = {
  4000: "websocket_internal_error",
  4001: "websocket_received_inbound_traffic",
  4002: "websocket_failed_ping_pong",
  4003: "websocket_connection_unused",
  4004: "websocket_failed_to_reconnect",
  4005: "websocket_network_timeout",
  4006: "websocket_network_error",
};

function listing(items: readonly Subscription[], total: number): object {
  return { data: items.map(subscriptionData), total, total_cost: 0, max_total_cost: limits.totalCost };
}

/** What its user has authorised costs nothing. */
function subscriptionData(one: Subscription): object {
  return {
    id: one.id,
    status: one.status,
    type: one.type,
    version: "1",
    condition: { broadcaster_user_id: one.broadcasterId, user_id: one.userId },
    created_at: one.createdAt,
    transport: {
      method: "websocket",
      session_id: one.session.id,
      connected_at: one.session.connectedAt,
      ...(one.disconnectedAt === undefined ? {} : { disconnected_at: one.disconnectedAt }),
    },
    cost: 0,
  };
}

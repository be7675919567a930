import { type Call, field, jsonOf, Refusal, type Reply, type Route, stringField } from "../platform/call.ts";
import { type Caller, kickError, ok } from "./access.ts";
import type { KickState, KickSubscription } from "./state.ts";
import { seconds } from "./payloads.ts";
import { ulid } from "./ulid.ts";

/** docs.kick.com/events/event-types: all at version 1. */
const eventNames = new Set([
  "chat.message.sent",
  "channel.followed",
  "channel.subscription.renewal",
  "channel.subscription.gifts",
  "channel.subscription.new",
  "channel.reward.redemption.updated",
  "livestream.status.updated",
  "livestream.metadata.updated",
  "moderation.banned",
  "kicks.gifted",
]);

export type EventParts = {
  readonly state: KickState;
  readonly callerOf: (call: Call, scope: string | null) => Caller;
  readonly appId: string;
};

/** `/events/subscriptions`: docs.kick.com/events/subscribe-to-events. */
export function eventRoutes({ state, callerOf, appId }: EventParts): Route[] {
  const path = "/public/v1/events/subscriptions";
  return [
    {
      method: "GET",
      path,
      answer: (call) => {
        const { user } = callerOf(call, "events:subscribe");
        const mine = state.subscriptions.filter((one) => user === null || one.broadcasterId === user.id);
        return ok(
          mine.map((one) => ({
            id: one.id,
            app_id: appId,
            broadcaster_user_id: one.broadcasterId,
            event: one.event,
            version: one.version,
            method: "webhook",
            created_at: seconds(one.createdAt),
            updated_at: seconds(one.createdAt),
          })),
        );
      },
    },
    { method: "POST", path, answer: (call) => subscribe(state, callerOf(call, "events:subscribe"), call) },
    {
      method: "DELETE",
      path,
      answer: (call) => {
        const { user } = callerOf(call, "events:subscribe");
        const ids = call.query.getAll("id");
        if (ids.length === 0) throw new Refusal(kickError(400));
        for (const id of ids) {
          const index = state.subscriptions.findIndex(
            (one) => one.id === id && (user === null || one.broadcasterId === user.id),
          );
          if (index >= 0) state.subscriptions.splice(index, 1);
        }
        return { status: 204 };
      },
    },
  ];
}

/** With a user's token the channel is that user's, whatever is asked. What is wrong with one event stands beside it. */
function subscribe(state: KickState, caller: Caller, call: Call): Reply {
  const body = jsonOf(call);
  const events = field(body, "events");
  const broadcasterId = caller.user?.id ?? field(body, "broadcaster_user_id");
  if (stringField(body, "method") !== "webhook" || !Array.isArray(events) || typeof broadcasterId !== "number")
    throw new Refusal(kickError(400));
  const results = events.map((event: unknown) => {
    const name = stringField(event, "name") ?? "";
    const version = field(event, "version");
    if (!eventNames.has(name) || version !== 1)
      return { name, version, subscription_id: "", error: "invalid event name or version" };
    const { id } = ensureSubscription(state, broadcasterId, name);
    return { name, version, subscription_id: id, error: "" };
  });
  return ok(results);
}

function ensureSubscription(state: KickState, broadcasterId: number, event: string): KickSubscription {
  const known = state.subscriptions.find((one) => one.broadcasterId === broadcasterId && one.event === event);
  if (known !== undefined) return known;
  const made = { id: ulid(), broadcasterId, event, version: 1, createdAt: new Date() };
  state.subscriptions.push(made);
  return made;
}

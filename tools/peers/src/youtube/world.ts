import { randomBytes } from "node:crypto";
import type { Channel } from "./channel.ts";
import { type Chat, makeChat } from "./chat.ts";

export type LiveStream = {
  readonly id: string;
  readonly channel: Channel;
  readonly streamName: string;
  readonly publishedAt: string;
  readonly reusable: boolean;
  readonly title: string;
  readonly cdn: { readonly ingestionType: string; readonly resolution: string; readonly frameRate: string };
  /** `ready` until media came, `active` while it comes, `inactive` after. */
  status: "ready" | "active" | "inactive";
};

export type LifeCycle = "created" | "ready" | "testing" | "live" | "complete";

export type Broadcast = {
  readonly id: string;
  readonly channel: Channel;
  readonly publishedAt: string;
  readonly chat: Chat;
  readonly autoStart: boolean;
  readonly autoStop: boolean;
  readonly monitorStream: boolean;
  title: string;
  description: string;
  scheduledStartTime: string;
  privacyStatus: string;
  /** Of `videoCategories`. */
  categoryId: string;
  lifeCycle: LifeCycle;
  stream: LiveStream | null;
  startedAt: string | null;
  endedAt: string | null;
};

/** All that this YouTube knows. */
export type World = {
  readonly channels: Map<string, Channel>;
  readonly streams: Map<string, LiveStream>;
  readonly broadcasts: Map<string, Broadcast>;
};

export function makeWorld(): World {
  return { channels: new Map(), streams: new Map(), broadcasts: new Map() };
}

export function makeBroadcast(
  channel: Channel,
  given: Pick<Broadcast, "title" | "description" | "scheduledStartTime" | "privacyStatus"> &
    Pick<Broadcast, "autoStart" | "autoStop" | "monitorStream">,
): Broadcast {
  const id = randomBytes(8).toString("base64url");
  return {
    ...given,
    id,
    channel,
    publishedAt: new Date().toISOString(),
    chat: makeChat(`chat-${id}`, channel),
    categoryId: "22",
    lifeCycle: "created",
    stream: null,
    startedAt: null,
    endedAt: null,
  };
}

/** What follows from a broadcast that begins or ends. */
export function moveTo(broadcast: Broadcast, lifeCycle: LifeCycle): void {
  broadcast.lifeCycle = lifeCycle;
  if (lifeCycle === "live") broadcast.startedAt ??= new Date().toISOString();
  if (lifeCycle !== "complete") return;
  broadcast.endedAt ??= new Date().toISOString();
  broadcast.chat.end();
}

/** Media comes or stops: bound broadcasts that start or stop by themselves do. */
export function setStreamStatus(world: World, stream: LiveStream, status: "active" | "inactive"): void {
  stream.status = status;
  for (const broadcast of world.broadcasts.values()) {
    if (broadcast.stream !== stream) continue;
    if (status === "active" && broadcast.autoStart && broadcast.lifeCycle === "ready") moveTo(broadcast, "live");
    if (status === "inactive" && broadcast.autoStop && broadcast.lifeCycle === "live") moveTo(broadcast, "complete");
  }
}

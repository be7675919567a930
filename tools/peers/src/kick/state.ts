import { ulid } from "./ulid.ts";

export type KickUser = {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  /** The channel's name in its address. */
  readonly slug: string;
  /** Where this channel's stream is sent; a test may point it at an ingest of its own. */
  readonly stream: { url: string; key: string };
  title: string;
  categoryId: number;
};

export type KickCategory = { readonly id: number; readonly name: string; readonly thumbnail: string };

export type KickBadge = { readonly text: string; readonly type: string; readonly count?: number };

export type KickMessage = {
  /** Kick's message ids are UUIDs. */
  readonly id: string;
  readonly channel: KickUser;
  readonly sender: KickUser;
  readonly content: string;
  readonly color: string;
  readonly badges: readonly KickBadge[];
  readonly replyTo: KickMessage | null;
  readonly createdAt: Date;
};

export type KickSubscription = {
  readonly id: string;
  readonly broadcasterId: number;
  readonly event: string;
  readonly version: number;
  readonly createdAt: Date;
};

export type KickState = {
  readonly users: KickUser[];
  readonly categories: KickCategory[];
  readonly messages: KickMessage[];
  readonly subscriptions: KickSubscription[];
  /** The account that an app's own messages (`type: "bot"`) come from. */
  readonly bot: KickUser;
  /** How many of the next messages that are sent are taken and not shown (`is_sent: false`). */
  dropped: number;
};

export function makeState(): KickState {
  const users: KickUser[] = [];
  const categories = ["Just Chatting", "Software Development", "Music"].map((name, index) => ({
    id: 15 + index,
    name,
    thumbnail: `https://files.kick.com/images/subcategories/${15 + index}/banner`,
  }));
  const state = { users, categories, messages: [], subscriptions: [], dropped: 0 };
  return { ...state, bot: addUser(state, { name: "TRaXBot" }) };
}

export type NewKickUser = { readonly name: string; readonly streamUrl?: string; readonly streamKey?: string };

/** A user with a channel. Ids are numbers, as Kick's are. */
export function addUser(state: Pick<KickState, "users">, given: NewKickUser): KickUser {
  const slug = given.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const user: KickUser = {
    id: 1_000_001 + state.users.length,
    name: given.name,
    email: `${slug}@kick.invalid`,
    slug,
    stream: {
      url: given.streamUrl ?? "rtmps://fa723fc1b171.global-contribute.live-video.net",
      key: given.streamKey ?? `sk_us-west-2_${ulid()}`,
    },
    title: "",
    categoryId: 0,
  };
  state.users.push(user);
  return user;
}

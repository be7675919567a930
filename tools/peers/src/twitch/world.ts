/** Somebody on Twitch, and the channel that everybody there has. */
export type TwitchUser = {
  readonly id: string;
  readonly login: string;
  readonly name: string;
  /** `#RRGGBB`, or "" where the user never chose one. */
  readonly color: string;
  title: string;
  gameId: string;
  streamKey: string;
};

/** What a chat message carries beside its text. */
export type Badge = { readonly set_id: string; readonly id: string; readonly info: string };

export type ChatMessage = {
  readonly id: string;
  readonly broadcaster: TwitchUser;
  readonly chatter: TwitchUser;
  readonly text: string;
  readonly replyTo: ChatMessage | null;
  readonly badges: readonly Badge[];
};

export type Game = { readonly id: string; readonly name: string };

/** All that this Twitch knows. */
export type World = {
  readonly users: Map<string, TwitchUser>;
  readonly games: readonly Game[];
  /** Emotes by name, to their id. */
  readonly emotes: Map<string, string>;
  /** All chat there was, by id. */
  readonly messages: Map<string, ChatMessage>;
};

export function makeWorld(): World {
  return {
    users: new Map(),
    games: [
      { id: "509658", name: "Just Chatting" },
      { id: "26936", name: "Music" },
      { id: "509660", name: "Art" },
      { id: "1469308723", name: "Software and Game Development" },
    ],
    emotes: new Map([
      ["Kappa", "25"],
      ["LUL", "425618"],
    ]),
    messages: new Map(),
  };
}

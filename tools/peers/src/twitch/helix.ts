import { bearerOf, type Call, jsonOf, type Reply, type Route, stringField } from "../platform/call.ts";
import type { AccessToken, OAuth } from "../platform/oauth.ts";
import { authorized, refuse } from "./answers.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { TwitchUser, World } from "./world.ts";

/** Twitch's answer to a message that it took and did not show. */
export type DropReason = { readonly code: string; readonly message: string };

export type Helix = {
  readonly oauth: OAuth;
  readonly world: World;
  readonly rateLimit: RateLimit;
  /** Says it in chat, and answers its id. */
  readonly say: (broadcaster: TwitchUser, chatter: TwitchUser, text: string, replyTo: string | undefined) => string;
  /** Why the next message is dropped, if it is. */
  readonly dropped: () => DropReason | undefined;
};

const longestMessage = 500;

/** The part of `api.twitch.tv/helix` that a streamer's tools need; `base` is its path here. */
export function helixRoutes(base: string, helix: Helix): Route[] {
  const { world } = helix;
  const route = (
    method: string,
    path: string,
    scope: string | undefined,
    answer: (call: Call, token: AccessToken) => Reply,
  ): Route => ({
    method,
    path: `${base}/${path}`,
    answer: (call) => answer(call, admitted(helix, call, scope)),
  });
  return [
    route("GET", "users", undefined, (call, token) => {
      const ids = call.query.getAll("id");
      const logins = call.query.getAll("login");
      const unnamed = ids.length + logins.length === 0;
      const users = [...world.users.values()].filter((user) =>
        unnamed ? user.id === token.grant.userId : ids.includes(user.id) || logins.includes(user.login),
      );
      return data(users.map(userData));
    }),
    route("GET", "channels", undefined, (call) =>
      data(call.query.getAll("broadcaster_id").flatMap((id) => channelData(world, id))),
    ),
    route("PATCH", "channels", "channel:manage:broadcast", (call, token) => {
      const user = own(helix, call, token, 401);
      const title = stringField(jsonOf(call), "title");
      const gameId = stringField(jsonOf(call), "game_id");
      if (title === undefined && gameId === undefined) refuse(400, "The request must specify at least one field");
      if (title === "" || (title?.length ?? 0) > 140) refuse(400, "The title field may not contain an empty string");
      if (gameId !== undefined && !["", "0"].includes(gameId) && !world.games.some((game) => game.id === gameId))
        refuse(400, "The game_id is not valid");
      if (title !== undefined) user.title = title;
      if (gameId !== undefined) user.gameId = gameId === "0" ? "" : gameId;
      return { status: 204 };
    }),
    route("GET", "search/categories", undefined, (call) => {
      const query = call.query.get("query")?.toLowerCase();
      if (query === undefined || query === "") refuse(400, "The query parameter is required");
      return data(world.games.filter((game) => game.name.toLowerCase().includes(query)).map(gameData));
    }),
    route("GET", "games", undefined, (call) => {
      const ids = call.query.getAll("id");
      const names = call.query.getAll("name");
      return data(world.games.filter((game) => ids.includes(game.id) || names.includes(game.name)).map(gameData));
    }),
    route("GET", "streams/key", "channel:read:stream_key", (call, token) =>
      data([{ stream_key: own(helix, call, token, 403).streamKey }]),
    ),
    route("POST", "chat/messages", "user:write:chat", (call, token) => sendMessage(helix, call, token)),
  ];
}

/** Send Chat Message: its parameters in the body, or, which Twitch takes as well and twurple uses, in the query. */
function sendMessage(helix: Helix, call: Call, token: AccessToken): Reply {
  const given = (name: string): string | undefined => call.query.get(name) ?? stringField(jsonOf(call), name);
  const broadcaster = helix.world.users.get(given("broadcaster_id") ?? "");
  const chatter = helix.world.users.get(given("sender_id") ?? "");
  const text = given("message") ?? "";
  const replyTo = given("reply_parent_message_id");
  if (broadcaster === undefined) refuse(400, "The broadcaster_id is not valid");
  if (chatter === undefined) refuse(400, "The sender_id is not valid");
  if (chatter.id !== token.grant.userId) refuse(401, "The ID in sender_id must match the user ID in the OAuth token");
  if (text.trim() === "") refuse(400, "The message field is required");
  if ([...text].length > longestMessage) refuse(422, "The message is too large");
  if (replyTo !== undefined && !helix.world.messages.has(replyTo))
    refuse(400, "The reply_parent_message_id is not valid");
  const reason = helix.dropped();
  if (reason !== undefined) return data([{ message_id: "", is_sent: false, drop_reason: reason }]);
  return data([{ message_id: helix.say(broadcaster, chatter, text, replyTo), is_sent: true, drop_reason: null }]);
}

/** Who calls, with a point less. */
export function admitted(helix: Pick<Helix, "oauth" | "rateLimit">, call: Call, scope?: string): AccessToken {
  const token = authorized(helix.oauth, call, scope);
  if (!helix.rateLimit.take(bearerOf(call) ?? "")) refuse(429, "Too Many Requests");
  return token;
}

/** The channel named, which must be the caller's own. */
function own(helix: Helix, call: Call, token: AccessToken, status: number): TwitchUser {
  const id = call.query.get("broadcaster_id");
  const user = helix.world.users.get(id ?? "");
  if (id === null) refuse(400, 'Missing required parameter "broadcaster_id"');
  if (user === undefined || id !== token.grant.userId)
    refuse(status, "The ID in broadcaster_id must match the user ID found in the request's OAuth token");
  return user;
}

function data(items: readonly object[]): Reply {
  return { status: 200, body: { data: items } };
}

function userData(user: TwitchUser): object {
  return {
    id: user.id,
    login: user.login,
    display_name: user.name,
    type: "",
    broadcaster_type: "",
    description: "",
    profile_image_url: `https://static-cdn.jtvnw.net/jtv_user_pictures/${user.id}.png`,
    offline_image_url: "",
    view_count: 0,
    created_at: "2016-12-14T20:32:28Z",
  };
}

function channelData(world: World, id: string): object[] {
  const user = world.users.get(id);
  if (user === undefined) return [];
  return [
    {
      broadcaster_id: user.id,
      broadcaster_login: user.login,
      broadcaster_name: user.name,
      broadcaster_language: "en",
      game_id: user.gameId,
      game_name: world.games.find((game) => game.id === user.gameId)?.name ?? "",
      title: user.title,
      delay: 0,
      tags: [],
      content_classification_labels: [],
      is_branded_content: false,
    },
  ];
}

function gameData(game: { id: string; name: string }): object {
  return {
    ...game,
    box_art_url: `https://static-cdn.jtvnw.net/ttv-boxart/${game.id}-{width}x{height}.jpg`,
    igdb_id: "",
  };
}

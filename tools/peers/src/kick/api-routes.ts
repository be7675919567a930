import { type Call, field, jsonOf, Refusal, type Reply, type Route, stringField } from "../platform/call.ts";
import { type Caller, kickError, ok, userOf } from "./access.ts";
import type { KickMessage, KickState, KickUser } from "./state.ts";

export type ApiParts = {
  readonly state: KickState;
  readonly callerOf: (call: Call, scope: string | null) => Caller;
  readonly publicKey: () => string;
  /** Shows a message and tells who subscribed. */
  readonly say: (channel: KickUser, sender: KickUser, content: string, replyTo: KickMessage | null) => KickMessage;
};

const longestMessage = 500;
const mostIds = 50;

/** `api.kick.com/public/v1` without its events: docs.kick.com/apis. */
export function apiRoutes(parts: ApiParts): Route[] {
  const { state, callerOf } = parts;
  return [
    {
      method: "GET",
      path: "/public/v1/users",
      answer: (call) => {
        const { user } = callerOf(call, "user:read");
        const ids = idsOf(call, "id");
        const asked =
          ids.length === 0 ? (user === null ? [] : [user]) : state.users.filter(({ id }) => ids.includes(id));
        return ok(
          asked.map((one) => ({
            user_id: one.id,
            name: one.name,
            email: one === user ? one.email : "",
            profile_picture: `https://files.kick.com/images/user/${one.id}/profile_image`,
          })),
        );
      },
    },
    { method: "GET", path: "/public/v1/channels", answer: (call) => getChannels(parts, call) },
    { method: "PATCH", path: "/public/v1/channels", answer: (call) => patchChannel(parts, call) },
    {
      method: "GET",
      path: "/public/v1/categories",
      answer: (call) => {
        callerOf(call, null);
        const wanted = call.query.get("q");
        if (wanted === null) throw new Refusal(kickError(400));
        return ok(state.categories.filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase())));
      },
    },
    {
      method: "GET",
      path: "/public/v1/categories/{id}",
      answer: (call) => {
        callerOf(call, null);
        const found = state.categories.find(({ id }) => String(id) === call.params["id"]);
        return found === undefined ? kickError(404) : ok(found);
      },
    },
    {
      method: "GET",
      path: "/public/v2/categories",
      answer: (call) => {
        callerOf(call, null);
        const names = (call.query.get("name") ?? "").toLowerCase().split(",");
        const data = state.categories
          .filter(({ name }) => names.some((wanted) => name.toLowerCase().includes(wanted)))
          .map((category) => ({ ...category, tags: [] }));
        return { status: 200, body: { data, message: "OK", pagination: { next_cursor: "" } } };
      },
    },
    { method: "POST", path: "/public/v1/chat", answer: (call) => postChat(parts, call) },
    {
      method: "GET",
      path: "/public/v1/public-key",
      answer: () => ok({ public_key: parts.publicKey() }),
    },
  ];
}

/** By ids or by slugs, up to 50 of either; without both, the caller's own. */
function getChannels({ state, callerOf }: ApiParts, call: Call): Reply {
  const caller = callerOf(call, "channel:read");
  const ids = idsOf(call, "broadcaster_user_id");
  const slugs = call.query.getAll("slug");
  if ((ids.length > 0 && slugs.length > 0) || slugs.length > mostIds) throw new Refusal(kickError(400));
  const asked =
    ids.length + slugs.length === 0
      ? [userOf(caller)]
      : state.users.filter(({ id, slug }) => ids.includes(id) || slugs.includes(slug));
  return ok(asked.map((channel) => channelOf(state, caller, channel)));
}

/** The key is the owner's to see, and only with its scope; to others both fields are empty. */
function channelOf(state: KickState, caller: Caller, channel: KickUser): unknown {
  const mayStream = channel === caller.user && caller.scopes.includes("streamkey:read");
  return {
    broadcaster_user_id: channel.id,
    slug: channel.slug,
    channel_description: "",
    banner_picture: "",
    stream_title: channel.title,
    active_subscribers_count: 0,
    canceled_subscribers_count: 0,
    category: state.categories.find(({ id }) => id === channel.categoryId) ?? { id: 0, name: "", thumbnail: "" },
    stream: {
      url: mayStream ? channel.stream.url : "",
      key: mayStream ? channel.stream.key : "",
      is_live: false,
      is_mature: false,
      language: "en",
      start_time: "0001-01-01T00:00:00Z",
      thumbnail: "",
      viewer_count: 0,
      custom_tags: [],
    },
  };
}

function patchChannel({ state, callerOf }: ApiParts, call: Call): Reply {
  const channel = userOf(callerOf(call, "channel:write"));
  const body = jsonOf(call);
  const title = field(body, "stream_title");
  const category = field(body, "category_id");
  if ((title ?? null) !== null && (typeof title !== "string" || title === "")) throw new Refusal(kickError(400));
  if ((category ?? null) !== null && !state.categories.some(({ id }) => id === category))
    throw new Refusal(kickError(400));
  if (typeof title === "string") channel.title = title;
  if (typeof category === "number") channel.categoryId = category;
  return { status: 204 };
}

/** A user's message needs a channel; the app's own (`bot`) goes to the channel of the token's user, whatever is asked. */
function postChat({ state, callerOf, say }: ApiParts, call: Call): Reply {
  const user = userOf(callerOf(call, "chat:write"));
  const body = jsonOf(call);
  const content = stringField(body, "content") ?? "";
  const type = stringField(body, "type");
  const length = Array.from(content).length;
  if (length === 0 || length > longestMessage || (type !== "user" && type !== "bot")) throw new Refusal(kickError(400));
  const id = field(body, "broadcaster_user_id");
  if (type === "user" && typeof id !== "number") throw new Refusal(kickError(400));
  const channel = type === "bot" ? user : state.users.find((one) => one.id === id);
  if (channel === undefined) throw new Refusal(kickError(404));
  const replyId = stringField(body, "reply_to_message_id");
  const replyTo = state.messages.find((one) => one.id === replyId) ?? null;
  if (state.dropped > 0) {
    state.dropped -= 1;
    return ok({ is_sent: false, message_id: "" });
  }
  return ok({ is_sent: true, message_id: say(channel, type === "bot" ? state.bot : user, content, replyTo).id });
}

function idsOf(call: Call, name: string): number[] {
  const ids = call.query.getAll(name).map(Number);
  if (ids.length > mostIds || ids.some((id) => !Number.isInteger(id))) throw new Refusal(kickError(400));
  return ids;
}

import { randomBytes } from "node:crypto";
import { type Call, field, jsonOf, Refusal, type Reply, type Route, stringField } from "../platform/call.ts";
import { type Admit, partsOf, refuse, resource } from "./answers.ts";
import type { Chat, ChatItem } from "./chat.ts";
import type { World } from "./world.ts";

const longestMessage = 200;

export type ChatOptions = {
  /** What `list` tells to wait, ms; who does not, is refused. */
  pollingIntervalMillis: number;
  /** An error of the stream comes as `[{"error":…}]`, as other streams of Google's do it. */
  readonly wrapsStreamErrors: boolean;
};

export type ChatStreams = {
  readonly routes: Route[];
  readonly count: () => number;
  readonly setSilent: (silent: boolean) => void;
  /** `finished`: the array is closed and the answer ends. `cut`: the connection is gone. */
  readonly close: (how: "finished" | "cut") => void;
};

/** LiveChatMessages: list, streamList, insert (YouTube Live Streaming API). */
export function chatRoutes(base: string, world: World, admit: Admit, options: ChatOptions): ChatStreams {
  const streams = new Set<(how: "finished" | "cut") => void>();
  const lastPolls = new Map<string, number>();
  let silent = false;

  const find = (id: string | null | undefined): Chat => {
    if (id === null || id === undefined || id === "")
      refuse(400, "liveChatIdRequired", "Required parameter: liveChatId");
    const found = [...world.broadcasts.values()].find((broadcast) => broadcast.chat.id === id);
    if (found === undefined)
      refuse(404, "liveChatNotFound", "The live chat that you are trying to retrieve cannot be found.");
    return found.chat;
  };

  const list = (call: Call): Reply => {
    const { userId } = admit(call).grant;
    const chat = find(call.query.get("liveChatId"));
    const from = placeOf(chat, call);
    const poller = `${userId} ${chat.id}`;
    const since = performance.now() - (lastPolls.get(poller) ?? -Infinity);
    lastPolls.set(poller, performance.now());
    // A tenth less is let pass: clocks and timers differ.
    if (since < options.pollingIntervalMillis * 0.9)
      refuse(403, "rateLimitExceeded", "The request was sent too quickly after the previous request.");
    const to = Math.min(chat.items.length, from + pageSize(call));
    return {
      status: 200,
      body: { ...page(call, chat, from, to), pollingIntervalMillis: options.pollingIntervalMillis },
    };
  };

  const stream = (call: Call): undefined => {
    admit(call);
    const chat = find(call.query.get("liveChatId"));
    let place = placeOf(chat, call);
    partsOf(call);
    const { response } = call;
    response.writeHead(200, { "content-type": "application/json; charset=UTF-8" });
    let written = 0;

    const close = (how: "finished" | "cut"): void => {
      forget();
      streams.delete(close);
      if (how === "cut") response.destroy();
      else response.end(written === 0 ? "[]" : "\n]\n");
    };
    const push = (): void => {
      if (silent) return;
      const first = written === 0;
      if (!first && place >= chat.items.length) return;
      const to = Math.min(chat.items.length, place + pageSize(call));
      response.write(`${first ? "[" : ",\r\n"}${JSON.stringify(page(call, chat, place, to))}`);
      written += 1;
      place = to;
      if (place < chat.items.length) push();
      else if (chat.endedAt() !== null) close("finished");
    };
    const forget = chat.onChange(push);
    streams.add(close);
    response.once("close", () => {
      forget();
      streams.delete(close);
    });
    push();
    return undefined;
  };

  const insert = (call: Call): Reply => {
    const { userId } = admit(call).grant;
    partsOf(call);
    const snippet = field(jsonOf(call), "snippet");
    const chat = find(stringField(snippet, "liveChatId"));
    const author = world.channels.get(userId);
    const text = stringField(field(snippet, "textMessageDetails"), "messageText") ?? "";
    if (author === undefined) refuse(403, "forbidden", "The user has no channel.");
    if (stringField(snippet, "type") !== "textMessageEvent")
      refuse(400, "typeRequired", "The type of the message is required.");
    if (text.trim() === "") refuse(400, "messageTextRequired", "The message text is required.");
    if ([...text].length > longestMessage) refuse(400, "messageTextInvalid", "The message text is not valid.");
    if (chat.endedAt() !== null) refuse(403, "liveChatEnded", "The live chat is no longer live.");
    const id = `LCC.${randomBytes(16).toString("base64url")}`;
    chat.say(author, text, id);
    const said = chat.items.find((item) => item.id === id);
    // While messages are held back, what was said is told to its author alone.
    const details = { snippet: said?.snippet ?? { ...Object(snippet) }, authorDetails: said?.authorDetails ?? {} };
    return { status: 200, body: resource(call, "liveChatMessage", id, details) };
  };

  const wrapped = (call: Call): undefined => {
    try {
      return stream(call);
    } catch (error) {
      if (!(error instanceof Refusal) || !options.wrapsStreamErrors) throw error;
      throw new Refusal({ ...error.reply, body: [error.reply.body] });
    }
  };

  return {
    routes: [
      { method: "GET", path: `${base}/liveChat/messages`, answer: list },
      { method: "GET", path: `${base}/liveChat/messages/stream`, answer: wrapped },
      { method: "POST", path: `${base}/liveChat/messages`, answer: insert },
    ],
    count: () => streams.size,
    setSilent: (next) => {
      silent = next;
    },
    close: (how) => {
      for (const close of streams) close(how);
    },
  };
}

/** Where in the chat the page token points; without one, at its recent history. */
function placeOf(chat: Chat, call: Call): number {
  const token = call.query.get("pageToken");
  const last = chat.items.length;
  const place =
    token === null ? Math.max(0, last - pageSize(call)) : Number(Buffer.from(token, "base64url").toString().slice(1));
  if (!Number.isInteger(place) || place > last) refuse(400, "pageTokenInvalid", "The page token is not valid.");
  if (chat.endedAt() !== null && (token === null || place === last))
    refuse(403, "liveChatEnded", "The live chat is no longer live.");
  return place;
}

function pageSize(call: Call): number {
  const asked = Number(call.query.get("maxResults") ?? 500);
  if (!Number.isInteger(asked) || asked < 200 || asked > 2000)
    refuse(400, "invalidParameter", "Invalid value for maxResults: acceptable values are 200 to 2000.");
  return asked;
}

function page(call: Call, chat: Chat, from: number, to: number): object {
  const items = chat.items.slice(from, to);
  const endedAt = chat.endedAt();
  return {
    kind: "youtube#liveChatMessageListResponse",
    etag: randomBytes(15).toString("base64url"),
    ...(endedAt === null ? {} : { offlineAt: endedAt }),
    pageInfo: { totalResults: items.length, resultsPerPage: items.length },
    nextPageToken: Buffer.from(`p${to}`).toString("base64url"),
    items: items.map((item) => itemData(call, item)),
  };
}

function itemData(call: Call, { id, snippet, authorDetails }: ChatItem): object {
  return resource(call, "liveChatMessage", id, {
    snippet,
    ...(authorDetails === undefined ? {} : { authorDetails }),
  });
}

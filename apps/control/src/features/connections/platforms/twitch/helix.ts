import type { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import { asAccount, readAnswer } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { HttpRefusal, HttpRequest, Metadata, PlatformHttp, PlatformSession } from "../../platform.ts";

/** What is used of Twitch's API (dev.twitch.tv/docs/api/reference). */
export type Helix = {
  whoIs(token: Secret): Promise<{ readonly platformUserId: string; readonly accountName: string }>;
  ingest(session: PlatformSession): Promise<{ readonly url: string; readonly streamKey: string }>;
  setMetadata(session: PlatformSession, metadata: Metadata): Promise<void>;
  /** Has an EventSub session told of the account's own chat. */
  subscribe(
    session: PlatformSession,
    subscription: { readonly type: string; readonly sessionId: string; readonly signal: AbortSignal },
  ): Promise<void>;
  /** Says something in the account's own chat. */
  sendMessage(
    session: PlatformSession,
    message: { readonly text: string; readonly replyTo: string | null; readonly signal: AbortSignal },
  ): Promise<{ readonly platformMessageId: string | null }>;
};

const Users = z.object({ data: z.array(z.object({ id: z.string(), display_name: z.string() })).min(1) });
const StreamKey = z.object({ data: z.array(z.object({ stream_key: z.string().min(1) })).min(1) });
const Games = z.object({ data: z.array(z.object({ id: z.string(), name: z.string() })) });
const Ingests = z.object({
  ingests: z.array(
    z.object({
      url_template: z.string(),
      url_template_secure: z.string().optional(),
      priority: z.number().default(0),
      availability: z.number().default(1),
      default: z.boolean().default(false),
    }),
  ),
});
const Sent = z.object({
  data: z
    .array(
      z.object({
        message_id: z.string(),
        is_sent: z.boolean(),
        drop_reason: z.object({ code: z.string(), message: z.string() }).nullish(),
      }),
    )
    .min(1),
});

export function openHelix(options: {
  readonly http: PlatformHttp;
  readonly clientId: string;
  readonly apiUrl: string;
  readonly ingestUrl: string;
}): Helix {
  const { http, clientId, apiUrl } = options;
  const ask = async <Schema extends z.ZodType>(
    schema: Schema,
    token: Secret,
    path: string,
    query: Readonly<Record<string, string>>,
    request: Pick<HttpRequest, "method"> & Partial<HttpRequest> = { method: "GET" },
  ): Promise<z.output<Schema>> => {
    const url = `${apiUrl}/${path}?${new URLSearchParams(query)}`;
    return readAnswer(
      "Twitch",
      schema,
      await http.json({ ...request, url, bearer: token, headers: { "client-id": clientId }, explain }),
    );
  };

  /** Its id: exactly that name first, else what Twitch's own search finds of it. */
  const categoryId = async (token: Secret, name: string): Promise<string> => {
    const exact = await ask(Games, token, "games", { name });
    const found =
      exact.data[0] ??
      (await ask(Games, token, "search/categories", { query: name, first: "20" })).data.find(
        (game) => game.name.toLowerCase() === name.toLowerCase(),
      );
    if (found === undefined) throw new PlatformError("refused", `Twitch has no category "${name}".`);
    return found.id;
  };

  /** The address of the nearest server that takes streams: Twitch lists them by the distance from who asks. */
  const nearest = async (): Promise<string> => {
    const { ingests } = readAnswer("Twitch", Ingests, await http.json({ method: "GET", url: options.ingestUrl }));
    const [best] = ingests
      .filter(({ availability }) => availability > 0)
      .toSorted((a, b) => a.priority - b.priority || Number(b.default) - Number(a.default));
    const template = best?.url_template_secure ?? best?.url_template;
    if (template === undefined) throw new PlatformError("unavailable", "Twitch has no ingest server now.");
    return template.replace(/\/\{stream_key\}.*$/u, "");
  };

  return {
    async whoIs(token) {
      const { data } = await ask(Users, token, "users", {});
      return { platformUserId: data[0]?.id ?? "", accountName: data[0]?.display_name ?? "" };
    },
    async ingest(session) {
      const [url, { data }] = await Promise.all([
        nearest(),
        asAccount(session, (token) => ask(StreamKey, token, "streams/key", { broadcaster_id: session.platformUserId })),
      ]);
      return { url, streamKey: data[0]?.stream_key ?? "" };
    },
    async setMetadata(session, { title, category }) {
      await asAccount(session, async (token) => {
        const json = {
          ...(title === undefined ? {} : { title }),
          ...(category === undefined ? {} : { game_id: await categoryId(token, category) }),
        };
        await ask(
          z.unknown(),
          token,
          "channels",
          { broadcaster_id: session.platformUserId },
          { method: "PATCH", json },
        );
      });
    },
    async subscribe(session, { type, sessionId, signal }) {
      const { platformUserId } = session;
      const json = {
        type,
        version: "1",
        condition: { broadcaster_user_id: platformUserId, user_id: platformUserId },
        transport: { method: "websocket", session_id: sessionId },
      };
      await asAccount(session, (token) =>
        ask(z.unknown(), token, "eventsub/subscriptions", {}, { method: "POST", json, signal }),
      );
    },
    async sendMessage(session, { text, replyTo, signal }) {
      const json = {
        broadcaster_id: session.platformUserId,
        sender_id: session.platformUserId,
        message: text,
        ...(replyTo === null ? {} : { reply_parent_message_id: replyTo }),
      };
      const { data } = await asAccount(
        session,
        (token) => ask(Sent, token, "chat/messages", {}, { method: "POST", json, signal }),
        signal,
      );
      const [sent] = data;
      if (sent?.is_sent !== true)
        throw new PlatformError("refused", `Twitch does not show it. ${sent?.drop_reason?.message ?? ""}`.trim());
      return { platformMessageId: sent.message_id === "" ? null : sent.message_id };
    },
  };
}

/** What its status does not tell: a 401 that no other token of this grant would change, a session that was lost meanwhile. */
function explain({ status, words }: HttpRefusal): PlatformError | null {
  if (status === 401 && /missing scope/iu.test(words))
    return new PlatformError("refused", "Twitch was not told to let TRaX do this: link the account again.");
  if (status === 400 && /session does not exist|disconnected/iu.test(words))
    return new PlatformError("unavailable", "Twitch closed the connection of its events.");
  return null;
}

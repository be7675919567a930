import type { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import { readAnswer } from "../../oauth.ts";
import { beforehand } from "../../not-done.ts";
import { PlatformError } from "../../platform.ts";
import type { HttpRefusal, HttpRequest, PlatformContext } from "../../platform.ts";
import { JsonObjects } from "./json-objects.ts";

export type YouTubeRequest<Schema extends z.ZodType> = {
  readonly method?: HttpRequest["method"];
  /** Below the API's base, as in `liveStreams`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly answer: Schema;
  /** Units of the quota (developers.google.com/youtube/v3/determine_quota_cost). */
  readonly units: number;
  /** For chat: some of the day's quota is left to going live. */
  readonly isChat?: boolean;
  readonly signal?: AbortSignal;
};

/** YouTube's Data API: every call counted before it is made. */
export type YouTubeApi = {
  ask<Schema extends z.ZodType>(token: Secret, request: YouTubeRequest<Schema>): Promise<z.output<Schema>>;
  /**
   * An answer of many objects, each as soon as it is there, until it ends, breaks off or the signal is aborted.
   * `opened`: it is being answered.
   */
  stream<Schema extends z.ZodType>(
    token: Secret,
    request: YouTubeRequest<Schema> & { readonly signal: AbortSignal; readonly opened: () => void },
  ): AsyncGenerator<z.output<Schema>, void>;
};

/** YouTube's no, with its own reason for it (`liveChatEnded`). */
export class YouTubeRefusal extends PlatformError {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super("refused", message);
    this.reason = reason;
  }
}

/** Of a page of a chat: 500 messages are far less. */
const longestObject = 8_388_608;

/** What chat, of whichever account, leaves of the day's quota. */
const leftByChat = 0.2;

export function openYouTubeApi({ http, spend }: PlatformContext, apiUrl: string): YouTubeApi {
  const begin = async (request: YouTubeRequest<z.ZodType>, bearer: Secret) => {
    const { method = "GET", path, query, units, isChat = false, signal } = request;
    await beforehand(spend(units, isChat ? leftByChat : 0));
    const url = `${apiUrl}/${path}?${new URLSearchParams(query)}`;
    return { method, url, bearer, explain, ...(signal === undefined ? {} : { signal }) };
  };
  return {
    async ask(token, request) {
      const { json, answer } = request;
      const asked = await begin(request, token);
      return readAnswer("YouTube", answer, await http.json({ ...asked, ...(json === undefined ? {} : { json }) }));
    },
    async *stream(token, request) {
      const body = await http.stream({ ...(await begin(request, token)), signal: request.signal });
      request.opened();
      const objects = new JsonObjects();
      for await (const text of textsOf(body)) {
        for (const object of found(objects, text)) {
          throwIfError(object);
          yield readAnswer("YouTube", request.answer, object);
        }
      }
    },
  };
}

/** What comes, until it ends, however it does. */
async function* textsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { value } = await reader.read().catch(() => ({ value: undefined }));
      if (value === undefined) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    // It may be broken already.
    await reader.cancel().catch(() => undefined);
  }
}

function found(objects: JsonObjects, text: string): unknown[] {
  try {
    return objects.take(text, longestObject);
  } catch {
    throw new PlatformError("unavailable", "YouTube answered with something that is no JSON.");
  }
}

const Failure = z.object({
  error: z.object({
    code: z.number().default(0),
    message: z.string().default(""),
    errors: z.array(z.object({ reason: z.string() })).default([]),
  }),
});

/** A stream that has begun tells an error as its next object. */
function throwIfError(object: unknown): void {
  const { data } = Failure.safeParse(object);
  if (data === undefined) return;
  const { code, message } = data.error;
  const explained = explain({ status: code, body: object, words: message });
  if (explained !== null) throw explained;
  if (code === 401) throw new PlatformError("unauthorized", "YouTube does not take TRaX's access any more.");
  if (code === 429) throw new PlatformError("rate_limited", "YouTube is asked too often.");
  throw new PlatformError("unavailable", `YouTube has a problem of its own (${code}).`);
}

/**
 * YouTube answers 403 for much, and tells by a reason for what (developers.google.com/youtube/v3/docs/errors).
 * Errors of a stream may come in an array.
 */
export function explain({ status, body, words }: HttpRefusal): PlatformError | null {
  const { data } = Failure.safeParse(Array.isArray(body) ? body[0] : body);
  const reason = data?.error.errors[0]?.reason ?? "";
  const said = words === "" ? (data?.error.message ?? "") : words;
  if (status === 401 || status === 429 || status >= 500 || (status !== 403 && reason === "")) return null;
  if (/^(?:quotaExceeded|dailyLimitExceeded)/u.test(reason))
    return new PlatformError("quota_exhausted", "YouTube's quota of this TRaX is used up for today.");
  if (/^(?:rateLimitExceeded|userRateLimitExceeded|userRequestsExceedRateLimit)$/u.test(reason))
    return new PlatformError("rate_limited", "YouTube is asked too often.");
  const known = inOurWords.get(reason);
  return new YouTubeRefusal(reason, known ?? `YouTube refuses it.${said === "" ? "" : ` It says: ${said}`}`);
}

const inOurWords = new Map([
  ["liveStreamingNotEnabled", "This YouTube channel may not stream yet: enable live streaming in YouTube Studio."],
  ["liveChatDisabled", "Chat is turned off for this broadcast on YouTube."],
  ["liveChatEnded", "The chat of this broadcast on YouTube is over."],
]);

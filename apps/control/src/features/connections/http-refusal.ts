import type { IncomingHttpHeaders } from "node:http";
import { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import { PlatformError } from "./platform.ts";
import type { HttpRequest } from "./platform.ts";

const longestWaitMs = 3_600_000;
const mostWords = 200;

/** What an answer other than 2xx means. */
export function refusalOf(
  title: string,
  request: HttpRequest,
  answer: {
    readonly status: number;
    readonly headers: IncomingHttpHeaders;
    /** Null: longer than is read. */
    readonly text: string | null;
    /** ms since 1970. */
    readonly now: number;
  },
): PlatformError {
  const { status } = answer;
  const body = parsed(answer.text ?? "");
  const words = shown(wordsOf(body), secretsOf(request));
  const explained = request.explain?.({ status, body, words }) ?? null;
  if (explained !== null) return explained;
  const said = words === "" ? "" : ` It says: ${words}`;
  if (status === 401) return new PlatformError("unauthorized", `${title} does not take TRaX's access any more.${said}`);
  if (status === 429) return new PlatformError("rate_limited", `${title} is asked too often.${said}`, waitOf(answer));
  if (status >= 500)
    return new PlatformError("unavailable", `${title} has a problem of its own (${status}).${said}`, waitOf(answer));
  if (status < 400) return new PlatformError("refused", `${title} answered with a redirect, which is not followed.`);
  return new PlatformError("refused", `${title} refuses it (${status}).${said}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const Words = z.object({
  message: z.string().optional(),
  error_description: z.string().optional(),
  error: z.union([z.string(), z.object({ message: z.string() })]).optional(),
});

function wordsOf(body: unknown): string {
  const { data } = Words.safeParse(body);
  if (data === undefined) return "";
  const { error } = data;
  return data.message ?? data.error_description ?? (typeof error === "object" ? error.message : (error ?? ""));
}

function secretsOf({ bearer, form }: HttpRequest): string[] {
  const given = [bearer, ...Object.values(form ?? {})];
  return given.flatMap((value) => (value instanceof Secret ? [value.reveal()] : [])).filter((text) => text !== "");
}

/** One short line without what was secret in the request, should it be repeated. */
function shown(words: string, secrets: readonly string[]): string {
  const clean = secrets.reduce((text, secret) => text.replaceAll(secret, "[secret]"), words);
  return clean
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")
    .trim()
    .slice(0, mostWords)
    .toWellFormed();
}

/**
 * `Retry-After` (RFC 9110, 10.2.3); where there were too many requests Twitch's
 * `Ratelimit-Reset` in seconds since 1970, which it sends with everything. ms from now.
 */
function waitOf(answer: {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly now: number;
}): number | null {
  const { status, headers, now } = answer;
  const after = headers["retry-after"];
  const reset = status === 429 ? headers["ratelimit-reset"] : undefined;
  const ms =
    after !== undefined
      ? /^\d{1,9}$/.test(after)
        ? Number(after) * 1_000
        : Date.parse(after) - now
      : typeof reset === "string" && /^\d{1,12}$/.test(reset)
        ? Number(reset) * 1_000 - now
        : Number.NaN;
  return Number.isFinite(ms) ? Math.min(longestWaitMs, Math.max(0, ms)) : null;
}

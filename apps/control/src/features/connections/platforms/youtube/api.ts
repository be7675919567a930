import type { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import { readAnswer } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { HttpRefusal, HttpRequest, PlatformContext } from "../../platform.ts";

export type YouTubeRequest<Schema extends z.ZodType> = {
  readonly method?: HttpRequest["method"];
  /** Below the API's base, as in `liveStreams`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly answer: Schema;
  /** Units of the quota (developers.google.com/youtube/v3/determine_quota_cost). */
  readonly units: number;
};

/** YouTube's Data API: every call counted before it is made. */
export type YouTubeApi = {
  ask<Schema extends z.ZodType>(token: Secret, request: YouTubeRequest<Schema>): Promise<z.output<Schema>>;
};

export function openYouTubeApi({ http, spend }: PlatformContext, apiUrl: string): YouTubeApi {
  return {
    async ask(token, { method = "GET", path, query, json, answer, units }) {
      await spend(units);
      const url = `${apiUrl}/${path}?${new URLSearchParams(query)}`;
      const body = json === undefined ? {} : { json };
      return readAnswer("YouTube", answer, await http.json({ method, url, bearer: token, ...body, explain }));
    },
  };
}

const Reasons = z.object({ error: z.object({ errors: z.array(z.object({ reason: z.string() })).min(1) }) });

/** YouTube answers 403 for much, and tells by a reason for what (developers.google.com/youtube/v3/docs/errors). */
export function explain({ status, body, words }: HttpRefusal): PlatformError | null {
  if (status !== 403) return null;
  const reason = Reasons.safeParse(body).data?.error.errors[0]?.reason ?? "";
  if (/^(?:quotaExceeded|dailyLimitExceeded)/u.test(reason))
    return new PlatformError("quota_exhausted", "YouTube's quota of this TRaX is used up for today.");
  if (/^(?:rateLimitExceeded|userRateLimitExceeded|userRequestsExceedRateLimit)$/u.test(reason))
    return new PlatformError("rate_limited", "YouTube is asked too often.");
  if (reason === "liveStreamingNotEnabled")
    return new PlatformError(
      "refused",
      "This YouTube channel may not stream yet: enable live streaming in YouTube Studio.",
    );
  return new PlatformError("refused", `YouTube refuses it.${words === "" ? "" : ` It says: ${words}`}`);
}

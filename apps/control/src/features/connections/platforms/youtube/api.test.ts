import assert from "node:assert/strict";
import { test } from "node:test";
import { openLog } from "@trax/foundation/log";
import { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import { PlatformError } from "../../platform.ts";
import { openYouTubeApi } from "./api.ts";

const Page = z.object({ n: z.number() });

/** What is read of a stream that says this, and how it ends. */
async function streamed(...texts: readonly string[]): Promise<{ read: number[]; end: unknown }> {
  const api = openYouTubeApi(
    {
      setting: () => null,
      http: {
        json: () => Promise.reject(new Error("nothing is asked")),
        stream: () => Promise.resolve(ReadableStream.from(texts).pipeThrough(new TextEncoderStream())),
      },
      allowedNetworks: [],
      publicUrl: "http://trax.invalid",
      log: openLog("test", "silent"),
      spend: () => Promise.resolve(),
    },
    "http://youtube.invalid",
  );
  const { signal } = new AbortController();
  const request = { path: "x", query: {}, answer: Page, units: 5, signal, opened: () => undefined };
  const read: number[] = [];
  try {
    for await (const { n } of api.stream(new Secret("token"), request)) read.push(n);
    return { read, end: null };
  } catch (error) {
    return { read, end: error instanceof PlatformError ? error.kind : error };
  }
}

const failure = (code: number, reason: string) =>
  JSON.stringify({ error: { code, message: "", errors: [{ reason }] } });

test("a stream that has begun ends with what it tells", async () => {
  assert.deepEqual(await streamed('[{"n":1}', ',\r\n{"n"', ":2}\n]"), { read: [1, 2], end: null });
  for (const [code, reason, kind] of [
    [401, "authError", "unauthorized"],
    [403, "liveChatEnded", "refused"],
    [403, "quotaExceeded", "quota_exhausted"],
    [429, "rateLimitExceeded", "rate_limited"],
    [503, "backendError", "unavailable"],
    [0, "constructor", "refused"],
  ] as const) {
    const { read, end } = await streamed(`[{"n":1},${failure(code, reason)}`);
    assert.deepEqual([read, end], [[1], kind], reason);
  }
});

test("what cannot be read is YouTube's trouble", async () => {
  for (const text of ['{"n":1}{nonsense}', '{"n":1}{"m":1}']) {
    assert.equal((await streamed(text)).end, "unavailable");
  }
});

import type { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import { readAnswer } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { HttpRefusal, PlatformHttp } from "../../platform.ts";

/** What is used of an instance's API (owncast.online/api). Its address is a user's, so all of it is guarded. */
export type OwncastApi = {
  name(base: string): Promise<string>;
  /** Throws `unauthorized` where the token may not send chat, or is none. */
  checkMaySend(base: string, token: Secret): Promise<void>;
  send(base: string, token: Secret, text: string, signal: AbortSignal): Promise<void>;
  setTitle(base: string, token: Secret, title: string): Promise<void>;
  /** A new user of the chat: its token. */
  register(base: string, signal: AbortSignal): Promise<string>;
  /** The latest messages that are still shown, oldest first. */
  history(base: string, userToken: string, signal: AbortSignal): Promise<readonly unknown[]>;
};

const Config = z.object({ name: z.string().nullish(), version: z.string() });
const Registered = z.object({ accessToken: z.string().min(1) });

export function openOwncastApi(http: PlatformHttp): OwncastApi {
  const send = (base: string, bearer: Secret, body: string, more: object = {}): Promise<unknown> =>
    http.json({
      method: "POST",
      url: `${base}/api/integrations/chat/send`,
      bearer,
      json: { body },
      guarded: true,
      explain,
      ...more,
    });
  return {
    async name(base) {
      const answer = await http.json({ method: "GET", url: `${base}/api/config`, guarded: true });
      const { data } = Config.safeParse(answer);
      if (data === undefined) throw new PlatformError("refused", "There is no Owncast at this address.");
      return data.name ?? "";
    },
    async checkMaySend(base, token) {
      // A message of nothing is shown to nobody: it is refused, and only after the token was looked at.
      await send(base, token, "").catch((error: unknown) => {
        if (!(error instanceof PlatformError) || error.kind !== "refused") throw error;
      });
    },
    async send(base, token, text, signal) {
      await send(base, token, text, { signal });
    },
    async setTitle(base, bearer, value) {
      await http.json({
        method: "POST",
        url: `${base}/api/integrations/streamtitle`,
        bearer,
        json: { value },
        guarded: true,
        // The token may be good for the chat nevertheless.
        explain: ({ status }) =>
          status === 401
            ? new PlatformError("refused", "The access token may not set the title: it needs administrative access.")
            : null,
      });
    },
    async register(base, signal) {
      const json = { displayName: "TRaX" };
      const request = { method: "POST", url: `${base}/api/chat/register`, json, guarded: true, signal } as const;
      return readAnswer("Owncast", Registered, await http.json(request)).accessToken;
    },
    async history(base, userToken, signal) {
      const url = `${base}/api/chat?${new URLSearchParams({ accessToken: userToken })}`;
      const withoutToken = ({ status }: HttpRefusal): PlatformError =>
        new PlatformError("unavailable", `Owncast does not tell what was said (${status}).`);
      const answer = await http.json({ method: "GET", url, guarded: true, signal, explain: withoutToken });
      return readAnswer("Owncast", z.array(z.unknown()), answer);
    },
  };
}

function explain({ status }: HttpRefusal): PlatformError | null {
  if (status === 401)
    return new PlatformError("unauthorized", "Owncast does not take the access token, or it may not send chat.");
  return null;
}

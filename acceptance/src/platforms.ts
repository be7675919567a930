import { randomBytes } from "node:crypto";
import { startIrcV3 } from "@trax/peers/irc/ircv3";
import { startTwitch } from "@trax/peers/twitch/server";
import type { JsonObject } from "./json.ts";

/** Platforms of the run's own, for accounts that suites link. */
export type Platforms = {
  /** For the instance that uses them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
};

/** As in the example of the contract, so that what is made from it is taken. */
export const redirectUri = "https://live.example.com/connections";
const ircVariable = "TRAX_ACCEPTANCE_IRC";

/** A Twitch on which another user consents every time, and an IRC server whose address the test files inherit. */
export async function startPlatforms(): Promise<Platforms> {
  const twitch = await startTwitch();
  let users = 0;
  twitch.decide({
    kind: "consent",
    get userId() {
      users += 1;
      return twitch.addUser({ login: `user${users}` }).id;
    },
  });
  const irc = await startIrcV3();
  process.env[ircVariable] = irc.url;
  return {
    environment: {
      ...twitch.baseUrls,
      TRAX_TWITCH_CLIENT_ID: twitch.clientId,
      TRAX_TWITCH_CLIENT_SECRET: twitch.clientSecret,
      TRAX_REDIRECT_URIS: redirectUri,
    },
    stop: async () => {
      await twitch.stop();
      await irc.stop();
    },
  };
}

/** A body that links a channel of the run's IRC server, which nobody has linked before. */
export function ircBody(): JsonObject {
  const name = randomBytes(6).toString("hex");
  return { platform: "irc", server: process.env[ircVariable] ?? "", channel: `#c${name}`, nick: `n${name}` };
}

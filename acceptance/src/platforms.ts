import { startOwncast } from "@trax/peers/owncast/owncast";
import { startTwitch } from "@trax/peers/twitch/server";
import { textAt } from "./json.ts";
import type { JsonObject } from "./json.ts";

/** Platforms of the run's own, for accounts that suites link. */
export type Platforms = {
  /** For the instance that uses them. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
};

/** As in the example of the contract, so that what is made from it is taken. */
export const redirectUri = "https://live.example.com/connections";
const owncastVariable = "TRAX_ACCEPTANCE_OWNCAST";

/** A Twitch on which another user consents every time, and an Owncast whose token the test files inherit. */
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
  const owncast = await startOwncast();
  const { url } = owncast;
  process.env[owncastVariable] = JSON.stringify({ url, accessToken: owncast.addIntegration("TRaX").token });
  return {
    environment: {
      ...twitch.baseUrls,
      TRAX_TWITCH_CLIENT_ID: twitch.clientId,
      TRAX_TWITCH_CLIENT_SECRET: twitch.clientSecret,
      TRAX_REDIRECT_URIS: redirectUri,
    },
    stop: async () => {
      await twitch.stop();
      await owncast.stop();
    },
  };
}

/** A body that links the run's Owncast. */
export function owncastBody(): JsonObject {
  const owncast: unknown = JSON.parse(process.env[owncastVariable] ?? "{}");
  return { platform: "owncast", url: textAt(owncast, "url"), accessToken: textAt(owncast, "accessToken") };
}

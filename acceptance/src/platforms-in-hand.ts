import { startKick } from "@trax/peers/kick/kick";
import type { Kick } from "@trax/peers/kick/kick";
import { startOwncast } from "@trax/peers/owncast/owncast";
import type { Owncast } from "@trax/peers/owncast/owncast";
import { startTwitch } from "@trax/peers/twitch/server";
import type { Twitch } from "@trax/peers/twitch/server";
import { startYoutube } from "@trax/peers/youtube/server";
import type { Youtube } from "@trax/peers/youtube/server";
import { startInstance } from "./instance.ts";
import type { OwnedInstance } from "./instance.ts";
import { redirectUri } from "./platforms.ts";
import { noteSecret } from "./secrets.ts";

/** Platforms that a file's tests do with as they like, and an instance that uses them. */
export type PlatformsInHand = {
  readonly instance: OwnedInstance;
  readonly twitch: Twitch;
  readonly youtube: Youtube;
  /** Its webhooks go to the instance. */
  readonly kick: Kick;
  readonly owncast: Owncast;
  readonly stop: () => Promise<void>;
};

export async function startPlatformsInHand(): Promise<PlatformsInHand> {
  const [twitch, youtube, kick, owncast] = await Promise.all([
    startTwitch(),
    startYoutube(),
    startKick(),
    startOwncast(),
  ]);
  const platforms = [twitch, youtube, kick, owncast];
  const stopAll = async (): Promise<void> => {
    await Promise.all(platforms.map((platform) => platform.stop()));
  };
  for (const { clientSecret } of [twitch, youtube, kick.oauth.options]) noteSecret(clientSecret);
  try {
    const instance = await startInstance({
      ...twitch.baseUrls,
      ...youtube.baseUrls,
      ...kick.environment,
      TRAX_REDIRECT_URIS: redirectUri,
    });
    kick.setWebhookUrl(`${instance.baseUrl}/platforms/kick/webhook`);
    return { instance, twitch, youtube, kick, owncast, stop: () => instance.stop().finally(stopAll) };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

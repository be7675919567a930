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
  readonly stop: () => Promise<void>;
};

export async function startPlatformsInHand(): Promise<PlatformsInHand> {
  const [twitch, youtube] = await Promise.all([startTwitch(), startYoutube()]);
  const platforms = [twitch, youtube];
  const stopAll = async (): Promise<void> => {
    await Promise.all(platforms.map((platform) => platform.stop()));
  };
  for (const { clientSecret } of platforms) noteSecret(clientSecret);
  try {
    const instance = await startInstance({
      ...twitch.baseUrls,
      ...youtube.baseUrls,
      TRAX_REDIRECT_URIS: redirectUri,
    });
    return { instance, twitch, youtube, stop: () => instance.stop().finally(stopAll) };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

import { startNgircd } from "@trax/peers/irc/ngircd";
import { startKick } from "@trax/peers/kick/kick";
import { startOwncast } from "@trax/peers/owncast/owncast";
import { startTwitch } from "@trax/peers/twitch/server";
import { startYoutube } from "@trax/peers/youtube/server";
import type { ChatStudio } from "./chat-studio.ts";
import { listenOnIrc } from "./irc-listener.ts";
import type { Owned } from "./owned.ts";
import { startStallingProxy } from "./stalling-proxy.ts";

export const platformNames = ["twitch", "youtube", "kick", "owncast", "irc"] as const;
export type PlatformName = (typeof platformNames)[number];

/** Five platforms, one account of each. */
export type FivePlatforms = {
  /** For the TRaX that uses them. */
  readonly environment: Readonly<Record<string, string>>;
  /** Links the five; answers the connections' ids. */
  readonly link: (studio: ChatStudio) => Promise<string[]>;
  /** When each had that message, by `performance.now()`: the request with it in full, or the line in the channel. */
  readonly arrivals: (text: string) => ReadonlyMap<PlatformName, number>;
  /** From now on that platform takes requests and answers none; null: all answer. */
  readonly stall: (name: Exclude<PlatformName, "irc"> | null) => void;
};

const plenty = 1_000_000;
const channel = "#bench";

/** @param pattern What the messages to be timed are */
export async function startFivePlatforms(owned: Owned, pattern: RegExp): Promise<FivePlatforms> {
  const heard = new Map<string, Map<PlatformName, number>>();
  const hear = (name: PlatformName, said: string): boolean => {
    const text = pattern.exec(said)?.[0];
    if (text === undefined) return false;
    const of = heard.get(text) ?? new Map<PlatformName, number>();
    // The first time: one that is tried again has been there.
    if (!of.has(name)) heard.set(text, of.set(name, performance.now()));
    return true;
  };
  let stalled: PlatformName | null = null;
  const releases: (() => void)[] = [];
  /** The address at which that API is heard, and may stall. */
  const through = async (name: PlatformName, api: string): Promise<string> => {
    const { origin, pathname } = new URL(api);
    const proxy = owned.add(
      await startStallingProxy(
        origin,
        ({ method, path, body }) =>
          method === "POST" &&
          hear(name, `${decodeURIComponent(path.replaceAll("+", " "))} ${body}`) &&
          stalled === name,
      ),
    );
    releases.push(proxy.release);
    return proxy.url + pathname.replace(/\/$/, "");
  };

  const twitch = owned.add(await startTwitch({ rateLimit: plenty }));
  const youtube = owned.add(await startYoutube({ quota: plenty }));
  const kick = owned.add(await startKick());
  const owncast = owned.add(await startOwncast());
  const ngircd = owned.add(await startNgircd());
  owned.add(await listenOnIrc(ngircd.port, channel, (text) => void hear("irc", text)));
  const owncastUrl = await through("owncast", owncast.url);
  const apiOf = (environment: Readonly<Record<string, string>>, setting: string): string => environment[setting] ?? "";
  return {
    environment: {
      ...twitch.baseUrls,
      TRAX_TWITCH_API_URL: await through("twitch", apiOf(twitch.baseUrls, "TRAX_TWITCH_API_URL")),
      TRAX_TWITCH_CLIENT_ID: twitch.clientId,
      TRAX_TWITCH_CLIENT_SECRET: twitch.clientSecret,
      ...youtube.baseUrls,
      TRAX_YOUTUBE_API_URL: await through("youtube", apiOf(youtube.baseUrls, "TRAX_YOUTUBE_API_URL")),
      TRAX_YOUTUBE_DAILY_QUOTA: String(plenty),
      ...kick.environment,
      TRAX_KICK_API_URL: await through("kick", apiOf(kick.environment, "TRAX_KICK_API_URL")),
    },
    link: async (studio) => {
      twitch.decide({ kind: "consent", userId: twitch.addUser({ login: "channel" }).id });
      const onYoutube = youtube.addChannel("Channel");
      youtube.startBroadcast(onYoutube);
      youtube.decide({ kind: "consent", userId: onYoutube.id });
      kick.consentAs(kick.addUser({ name: "channel" }));
      const { token } = owncast.addIntegration("TRaX", ["CAN_SEND_MESSAGES"]);
      return [
        await studio.authorize("twitch"),
        await studio.authorize("youtube"),
        await studio.authorize("kick"),
        await studio.link({ platform: "owncast", url: owncastUrl, accessToken: token }),
        await studio.link({ platform: "irc", server: ngircd.url, channel, nick: "bench" }),
      ];
    },
    arrivals: (text) => heard.get(text) ?? new Map(),
    stall: (name) => {
      stalled = name;
      if (name === null) for (const release of releases) release();
    },
  };
}

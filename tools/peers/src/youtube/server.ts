import { randomBytes } from "node:crypto";
import type { Fault, FaultOptions } from "../platform/faults.ts";
import { type Decision, type Issued, makeOAuth } from "../platform/oauth.ts";
import { type PlatformServer, startPlatformServer } from "../platform/server.ts";
import { type Admit, authorized, errorBody, plainErrorBody } from "./answers.ts";
import { authRoutes } from "./auth.ts";
import type { Channel } from "./channel.ts";
import { broadcastRoutes } from "./broadcast-routes.ts";
import { type ChatOptions, chatRoutes } from "./chat-routes.ts";
import { makeQuota } from "./quota.ts";
import { streamRoutes } from "./stream-routes.ts";
import { videoRoutes } from "./video-routes.ts";
import { type Broadcast, type LiveStream, makeBroadcast, makeWorld, moveTo, setStreamStatus } from "./world.ts";

export type YoutubeOptions = {
  /** Where streams go, without the key: `rtmp://127.0.0.1:PORT/live`. */
  readonly ingestUrl?: string;
  /** The same for `rtmpsIngestionAddress`; `ingestUrl` by RTMPS unless set. */
  readonly secureIngestUrl?: string;
  /** An access token's life, s; 3,599. */
  readonly expiresIn?: number;
  /** Units a day; 10,000. */
  readonly quota?: number;
  /** What `liveChatMessages.list` tells to wait, ms; 1,000. Who asks sooner gets `rateLimitExceeded`. */
  readonly pollingIntervalMillis?: number;
  /** Errors of `liveChat/messages/stream` come in an array, as those of other streams of Google's. */
  readonly wrapsStreamErrors?: boolean;
};

export type Youtube = PlatformServer & {
  /** What TRaX is configured with to use this YouTube: its names for the environment. */
  readonly baseUrls: Readonly<Record<string, string>>;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly addChannel: (title: string) => Channel;
  /** What the user does on the consent page from now on; `userId` is the channel's id. */
  readonly decide: (decision: Decision) => void;
  /** Tokens without the redirects. */
  readonly grant: (channel: Channel, scopes?: readonly string[]) => Issued;
  readonly expireAccessTokens: () => void;
  /** The user removes the app's access in the Google account: `invalid_grant` from then on. */
  readonly withdraw: (channel: Channel) => void;
  readonly liveGrants: (channel: Channel) => number;
  /** A broadcast that is live already, made elsewhere: `broadcast.chat` is what is said in it. */
  readonly startBroadcast: (channel: Channel, title?: string) => Broadcast;
  readonly endBroadcast: (broadcast: Broadcast) => void;
  readonly broadcasts: () => readonly Broadcast[];
  readonly streams: () => readonly LiveStream[];
  /** Media comes to that stream, or stops: a real ingest would see it. */
  readonly setStreamStatus: (stream: LiveStream, status: "active" | "inactive") => void;
  readonly quotaUsed: () => number;
  /** As if so many units were used today; all of them unless given. */
  readonly setQuotaUsed: (units?: number) => void;
  /** `failNext` with Google's body for that reason, 403 unless another status is given. */
  readonly refuseNext: (reason: string, options?: FaultOptions) => Fault;
  /** Open `liveChat/messages/stream` answers. */
  readonly chatStreams: () => number;
  /** Chat streams stay open and nothing comes on them; with the next message after, all that was missed. */
  readonly setSilent: (silent: boolean) => void;
  readonly closeChatStreams: (how: "finished" | "cut") => void;
  readonly setPollingInterval: (ms: number) => void;
};

export const forceSsl = "https://www.googleapis.com/auth/youtube.force-ssl";

/**
 * A YouTube of our own, with what TRaX uses of it: Google's OAuth, live streams,
 * broadcasts and their videos, live chat by page and by stream, quota. A fake: written from
 * the published reference, and held by its tests to what Google's own client
 * accepts; how the stream is framed (a JSON array that grows) is what clients
 * of the real one read, and is not in the reference.
 */
export async function startYoutube(options: YoutubeOptions = {}): Promise<Youtube> {
  const world = makeWorld();
  const quota = makeQuota(options.quota ?? 10_000);
  const oauth = makeOAuth({
    clientId: "youtube-client.apps.googleusercontent.com",
    clientSecret: "youtube-secret",
    expiresIn: options.expiresIn ?? 3599,
    rotatesRefreshTokens: false,
  });
  const admit: Admit = (call) => {
    const token = authorized(oauth, call);
    quota.charge(call);
    return token;
  };
  const chatOptions: ChatOptions = {
    pollingIntervalMillis: options.pollingIntervalMillis ?? 1000,
    wrapsStreamErrors: options.wrapsStreamErrors ?? false,
  };
  const url = options.ingestUrl ?? "rtmp://127.0.0.1:1935/live2";
  const ingest = { url, secureUrl: options.secureIngestUrl ?? url.replace(/^rtmp:/, "rtmps:") };
  const base = "/youtube/v3";
  const chats = chatRoutes(base, world, admit, chatOptions);
  const server = await startPlatformServer({
    errorBody: plainErrorBody,
    routes: [
      ...authRoutes(oauth),
      ...streamRoutes(base, world, admit, ingest),
      ...broadcastRoutes(base, world, admit),
      ...videoRoutes(base, world, admit),
      ...chats.routes,
    ],
  });

  return {
    ...server,
    baseUrls: {
      TRAX_YOUTUBE_AUTH_URL: `${server.origin}/o/oauth2/v2`,
      TRAX_YOUTUBE_TOKEN_URL: server.origin,
      TRAX_YOUTUBE_API_URL: `${server.origin}${base}`,
      TRAX_YOUTUBE_CLIENT_ID: oauth.options.clientId,
      TRAX_YOUTUBE_CLIENT_SECRET: oauth.options.clientSecret,
    },
    clientId: oauth.options.clientId,
    clientSecret: oauth.options.clientSecret,
    addChannel: (title) => {
      const id = `UC${randomBytes(16).toString("base64url")}`;
      const channel = { id, title, handle: `@${title.toLowerCase().replaceAll(/\W/g, "")}` };
      world.channels.set(id, channel);
      return channel;
    },
    decide: oauth.decide,
    grant: (channel, scopes = [forceSsl]) => oauth.grant(channel.id, scopes),
    expireAccessTokens: oauth.expireAccessTokens,
    withdraw: (channel) => oauth.revokeUser(channel.id),
    liveGrants: (channel) => oauth.liveGrants(channel.id),
    startBroadcast: (channel, title = "Live") => {
      const broadcast = makeBroadcast(channel, {
        title,
        description: "",
        scheduledStartTime: new Date().toISOString(),
        privacyStatus: "public",
        autoStart: true,
        autoStop: true,
        monitorStream: false,
      });
      world.broadcasts.set(broadcast.id, broadcast);
      moveTo(broadcast, "live");
      return broadcast;
    },
    endBroadcast: (broadcast) => moveTo(broadcast, "complete"),
    broadcasts: () => [...world.broadcasts.values()],
    streams: () => [...world.streams.values()],
    setStreamStatus: (stream, status) => setStreamStatus(world, stream, status),
    quotaUsed: quota.used,
    setQuotaUsed: quota.setUsed,
    refuseNext: (reason, how = {}) => {
      const status = how.status ?? 403;
      return server.failNext({ ...how, status, body: errorBody(status, reason, reason) });
    },
    chatStreams: chats.count,
    setSilent: chats.setSilent,
    closeChatStreams: chats.close,
    setPollingInterval: (ms) => {
      chatOptions.pollingIntervalMillis = ms;
    },
  };
}

import { openOAuth, registrationOf } from "../../oauth.ts";
import type { Platform, PlatformClient, PlatformContext } from "../../platform.ts";
import { openYouTubeApi } from "./api.ts";
import { usualTimes } from "./chat-follow.ts";
import type { ChatTimes } from "./chat-follow.ts";
import { openYouTubeChat } from "./chat.ts";
import { longestTitle, openLive } from "./live.ts";

const scopes = ["https://www.googleapis.com/auth/youtube.force-ssl"];

/** YouTube (developers.google.com/youtube/v3/live, developers.google.com/identity/protocols/oauth2/web-server). */
export const platform: Platform = {
  name: "youtube",
  title: "YouTube",
  capabilities: {
    linking: "oauth",
    ingestUrl: "rtmps://a.rtmps.youtube.com:443/live2",
    metadata: ["title", "category", "privacy"],
    longestTitle,
    chat: { read: true, send: true, replies: false, longest: 200, longer: "split" },
  },
  settings: {
    CLIENT_ID: { about: "The client id of the application at Google Cloud.", takes: "a text", otherwise: null },
    CLIENT_SECRET: { about: "Its client secret.", takes: "a text", otherwise: null, secret: true },
    AUTH_URL: {
      about: "Google's page where access is given, without `/auth`.",
      takes: "a URL",
      otherwise: "https://accounts.google.com/o/oauth2/v2",
    },
    TOKEN_URL: {
      about: "Google's endpoints for tokens, without `/token` and `/revoke`.",
      takes: "a URL",
      otherwise: "https://oauth2.googleapis.com",
    },
    API_URL: { about: "YouTube's API.", takes: "a URL", otherwise: "https://www.googleapis.com/youtube/v3" },
    DAILY_QUOTA: {
      about:
        "Units of YouTube's quota that this TRaX may use a day (Pacific time), as Google grants them to the application.",
      takes: "a whole number",
      otherwise: "10000",
    },
  },
  quota: { setting: "DAILY_QUOTA", timeZone: "America/Los_Angeles" },
  open: (context) => openYouTube(context),
};

/** @param times of following a chat; shorter in tests */
export function openYouTube(context: PlatformContext, times: ChatTimes = usualTimes): PlatformClient | null {
  const registration = registrationOf(context);
  if (registration === null) return null;
  const tokenUrl = context.setting("TOKEN_URL") ?? "";
  const api = openYouTubeApi(context, context.setting("API_URL") ?? "");
  const live = openLive(api);
  return {
    ...openOAuth({
      title: platform.title,
      http: context.http,
      registration,
      scopes,
      authorizeUrl: `${context.setting("AUTH_URL") ?? ""}/auth`,
      // Else Google gives a refresh token only the first time.
      authorizeWith: { access_type: "offline", prompt: "consent" },
      tokenUrl: `${tokenUrl}/token`,
      revocation: (token) => ({ url: `${tokenUrl}/revoke`, form: { token } }),
      withdrawsAll: true,
      whoIs: (token) => live.whoIs(token),
    }),
    ingest: (session, show) => live.ingest(session, show),
    ended: (session) => live.ended(session),
    setMetadata: (session, metadata) => live.setMetadata(session, metadata),
    ...openYouTubeChat({ api, live }, times),
  };
}

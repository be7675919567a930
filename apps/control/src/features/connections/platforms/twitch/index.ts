import { openOAuth, registrationOf } from "../../oauth.ts";
import type { Platform, PlatformClient, PlatformContext } from "../../platform.ts";
import { openTwitchChat } from "./chat.ts";
import { openHelix } from "./helix.ts";

/** What TRaX asks for: the key, the title, and chat both ways (dev.twitch.tv/docs/authentication/scopes). */
const scopes = ["channel:read:stream_key", "channel:manage:broadcast", "user:read:chat", "user:write:chat"];

/** Twitch (dev.twitch.tv/docs/api). */
export const platform: Platform = {
  name: "twitch",
  title: "Twitch",
  capabilities: {
    linking: "oauth",
    ingestUrl: "rtmps://ingest.global-contribute.live-video.net:443/app",
    metadata: ["title", "category"],
    longestTitle: 140,
    chat: { read: true, send: true, replies: true, longest: 500, longer: "split" },
  },
  settings: {
    CLIENT_ID: { about: "The client id of the application at dev.twitch.tv.", takes: "a text", otherwise: null },
    CLIENT_SECRET: { about: "Its client secret.", takes: "a text", otherwise: null, secret: true },
    AUTH_URL: { about: "Twitch's OAuth endpoints.", takes: "a URL", otherwise: "https://id.twitch.tv/oauth2" },
    API_URL: { about: "Twitch's API.", takes: "a URL", otherwise: "https://api.twitch.tv/helix" },
    EVENTSUB_URL: {
      about: "Twitch's EventSub over WebSocket.",
      takes: "a URL",
      otherwise: "wss://eventsub.wss.twitch.tv/ws",
    },
    INGEST_URL: {
      about: "Twitch's list of ingest servers.",
      takes: "a URL",
      otherwise: "https://ingest.twitch.tv/ingests",
    },
  },
  open,
};

function open(context: PlatformContext): PlatformClient | null {
  const registration = registrationOf(context);
  if (registration === null) return null;
  const { http } = context;
  const { clientId } = registration;
  const authUrl = context.setting("AUTH_URL") ?? "";
  const helix = openHelix({
    http,
    clientId,
    apiUrl: context.setting("API_URL") ?? "",
    ingestUrl: context.setting("INGEST_URL") ?? "",
  });
  return {
    ...openOAuth({
      title: platform.title,
      http,
      registration,
      scopes,
      authorizeUrl: `${authUrl}/authorize`,
      tokenUrl: `${authUrl}/token`,
      // Twitch has no `invalid_grant`: it says so in words.
      isOver: ({ status, words }) =>
        (status === 400 || status === 401) && /invalid (?:refresh token|authorization code)/iu.test(words),
      revocation: (token) => ({ url: `${authUrl}/revoke`, form: { client_id: clientId, token } }),
      whoIs: (token) => helix.whoIs(token),
    }),
    // dev.twitch.tv/docs/authentication/validate-tokens, which has its own scheme; as a bearer the token is kept out of words.
    async validate(bearer) {
      const headers = { authorization: `OAuth ${bearer.reveal()}` };
      await http.json({ method: "GET", url: `${authUrl}/validate`, bearer, headers });
    },
    ingest: (session) => helix.ingest(session),
    setMetadata: (session, metadata) => helix.setMetadata(session, metadata),
    ...openTwitchChat({ helix, eventSubUrl: context.setting("EVENTSUB_URL") ?? "", log: context.log }),
  };
}

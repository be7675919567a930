import { openOAuth, registrationOf } from "../../oauth.ts";
import type { Platform, PlatformClient, PlatformContext } from "../../platform.ts";
import { openKickApi } from "./api.ts";
import { openKickChat } from "./chat.ts";
import { openWebhook } from "./webhook.ts";

/** docs.kick.com/getting-started/scopes */
const scopes = ["user:read", "channel:read", "channel:write", "chat:write", "streamkey:read", "events:subscribe"];

/** Kick (docs.kick.com). */
export const platform: Platform = {
  name: "kick",
  title: "Kick",
  capabilities: {
    linking: "oauth",
    ingestUrl: "rtmps://fa723fc1b171.global-contribute.live-video.net:443/app",
    metadata: ["title", "category"],
    chat: { read: true, send: true, replies: true, longest: 500, longer: "split" },
  },
  settings: {
    CLIENT_ID: { about: "The client id of the application at kick.com.", takes: "a text", otherwise: null },
    CLIENT_SECRET: { about: "Its client secret.", takes: "a text", otherwise: null, secret: true },
    AUTH_URL: { about: "Kick's OAuth endpoints.", takes: "a URL", otherwise: "https://id.kick.com/oauth" },
    API_URL: { about: "Kick's API.", takes: "a URL", otherwise: "https://api.kick.com/public/v1" },
  },
  open,
};

function open(context: PlatformContext): PlatformClient | null {
  const registration = registrationOf(context);
  if (registration === null) return null;
  const { http } = context;
  const authUrl = context.setting("AUTH_URL") ?? "";
  const apiUrl = context.setting("API_URL") ?? "";
  const api = openKickApi(http, apiUrl);
  return {
    ...openOAuth({
      title: platform.title,
      http,
      registration,
      scopes,
      authorizeUrl: `${authUrl}/authorize`,
      tokenUrl: `${authUrl}/token`,
      // In the query, as Kick documents it.
      revocation: (token, hint) => {
        const query = new URLSearchParams({ token: token.reveal(), token_hint_type: hint });
        return { url: `${authUrl}/revoke?${query}` };
      },
      whoIs: (token) => api.whoIs(token),
    }),
    ingest: (session) => api.ingest(session),
    setMetadata: (session, metadata) => api.setMetadata(session, metadata),
    ...openKickChat(http, apiUrl),
    webhook: openWebhook(http, apiUrl),
  };
}

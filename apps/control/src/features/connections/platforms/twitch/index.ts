import { Secret } from "@trax/foundation/secret";
import { askForTokens, authorizationUrl } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { Platform, PlatformClient, PlatformContext, Secrets } from "../../platform.ts";
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
  const [clientId, clientSecret] = [context.setting("CLIENT_ID"), context.setting("CLIENT_SECRET")];
  if (clientId === null || clientSecret === null) return null;
  const { http } = context;
  const authUrl = context.setting("AUTH_URL") ?? "";
  const helix = openHelix({
    http,
    clientId,
    apiUrl: context.setting("API_URL") ?? "",
    ingestUrl: context.setting("INGEST_URL") ?? "",
  });
  const own = { client_id: clientId, client_secret: new Secret(clientSecret) };
  const tokens = (form: Readonly<Record<string, string | Secret>>) =>
    // Twitch has no `invalid_grant`: it says so in words.
    askForTokens(http, "Twitch", `${authUrl}/token`, { ...own, ...form }, ({ status, words }) =>
      status === 400 || status === 401 ? /invalid (?:refresh token|authorization code)/iu.test(words) : false,
    );

  return {
    authorizeUrl: ({ state, challenge, redirectUri }) =>
      authorizationUrl(`${authUrl}/authorize`, { clientId, redirectUri, scopes, state, challenge }),
    async exchange({ code, verifier, redirectUri }) {
      const form = { grant_type: "authorization_code", code: new Secret(code), redirect_uri: redirectUri };
      const { secrets, scopes: granted } = await tokens({ ...form, code_verifier: verifier });
      const user = await helix.whoIs(new Secret(secrets.accessToken ?? ""));
      return { ...user, scopes: granted, settings: {}, secrets };
    },
    async refresh(secrets) {
      const refreshToken = new Secret(secrets.refreshToken ?? "");
      const next = await tokens({ grant_type: "refresh_token", refresh_token: refreshToken });
      return { ...secrets, ...next.secrets };
    },
    async revoke({ accessToken, refreshToken }: Secrets) {
      // Either ends the grant; Twitch answers 400 for one that is over.
      for (const token of [accessToken, refreshToken]) {
        if (token === undefined) continue;
        const form = { client_id: clientId, token: new Secret(token) };
        const explain = ({ status }: { readonly status: number }) =>
          status === 400 ? new PlatformError("refused", "The token is over already.") : null;
        try {
          await http.json({ method: "POST", url: `${authUrl}/revoke`, form, explain });
        } catch (error) {
          if (!(error instanceof PlatformError) || error.kind !== "refused") throw error;
        }
      }
    },
    ingest: (session) => helix.ingest(session),
    setMetadata: (session, metadata) => helix.setMetadata(session, metadata),
    ...openTwitchChat({ helix, eventSubUrl: context.setting("EVENTSUB_URL") ?? "", log: context.log }),
  };
}

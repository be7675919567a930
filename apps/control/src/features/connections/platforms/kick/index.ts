import { Secret } from "@trax/foundation/secret";
import { askForTokens, authorizationUrl } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
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
  const [clientId, clientSecret] = [context.setting("CLIENT_ID"), context.setting("CLIENT_SECRET")];
  if (clientId === null || clientSecret === null) return null;
  const { http } = context;
  const authUrl = context.setting("AUTH_URL") ?? "";
  const apiUrl = context.setting("API_URL") ?? "";
  const api = openKickApi(http, apiUrl);
  const tokens = (form: Readonly<Record<string, string | Secret>>) =>
    askForTokens(http, "Kick", `${authUrl}/token`, {
      client_id: clientId,
      client_secret: new Secret(clientSecret),
      ...form,
    });

  return {
    authorizeUrl: ({ state, challenge, redirectUri }) =>
      authorizationUrl(`${authUrl}/authorize`, { clientId, redirectUri, scopes, state, challenge }),
    async exchange({ code, verifier, redirectUri }) {
      const form = { grant_type: "authorization_code", code: new Secret(code), redirect_uri: redirectUri };
      const { secrets, scopes: granted } = await tokens({ ...form, code_verifier: verifier });
      const user = await api.whoIs(new Secret(secrets.accessToken ?? ""));
      return { ...user, scopes: granted, settings: {}, secrets };
    },
    async refresh(secrets) {
      const refreshToken = new Secret(secrets.refreshToken ?? "");
      const next = await tokens({ grant_type: "refresh_token", refresh_token: refreshToken });
      return { ...secrets, ...next.secrets };
    },
    async revoke(secrets) {
      // In the query, as Kick documents it.
      for (const hint of ["refresh_token", "access_token"] as const) {
        const token = hint === "refresh_token" ? secrets.refreshToken : secrets.accessToken;
        if (token === undefined) continue;
        const query = new URLSearchParams({ token, token_hint_type: hint });
        try {
          await http.json({ method: "POST", url: `${authUrl}/revoke?${query}`, explain: withoutWords });
        } catch (error) {
          if (!(error instanceof PlatformError) || error.kind !== "refused") throw error;
        }
      }
    },
    ingest: (session) => api.ingest(session),
    setMetadata: (session, metadata) => api.setMetadata(session, metadata),
    ...openKickChat(http, apiUrl),
    webhook: openWebhook(http, apiUrl),
  };
}

/** The token is in the address, which a refusal may repeat. */
function withoutWords({ status }: { readonly status: number }): PlatformError | null {
  return status === 429 || status >= 500
    ? new PlatformError("unavailable", "Kick does not revoke tokens now.")
    : new PlatformError("refused", "Kick does not know the token.");
}

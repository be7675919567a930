import { type Call, formOf, type Reply, type Route } from "../platform/call.ts";
import { type OAuth, OAuthFailure } from "../platform/oauth.ts";

/**
 * Google's OAuth 2.0 for web servers: `accounts.google.com/o/oauth2/v2/auth`,
 * `oauth2.googleapis.com/token` and `/revoke`. A refresh token is given once,
 * and only to who asked with `access_type=offline`; it never changes. Any token
 * that is revoked takes all that the user has given the client with it.
 */
export function authRoutes(oauth: OAuth): Route[] {
  const offline = new Set<string>();

  const authorize = (call: Call): Reply => {
    const reply = oauth.authorize(call);
    const code = new URL(reply.headers?.["location"] ?? "").searchParams.get("code");
    if (code !== null && call.query.get("access_type") === "offline") offline.add(code);
    return reply;
  };

  const token = (call: Call): Reply => {
    const form = new URLSearchParams([...formOf(call), ...basicClient(call)]);
    try {
      const issued = oauth.token(form);
      return {
        status: 200,
        body: {
          access_token: issued.accessToken,
          expires_in: issued.expiresIn,
          scope: issued.grant.scopes.join(" "),
          token_type: "Bearer",
          ...(offline.delete(form.get("code") ?? "") ? { refresh_token: issued.refreshToken } : {}),
        },
      };
    } catch (error) {
      if (!(error instanceof OAuthFailure)) throw error;
      const description =
        error.message === "Invalid refresh token" ? "Token has been expired or revoked." : "Bad Request";
      if (error.code === "invalid_client")
        return { status: 401, body: { error: "invalid_client", error_description: "Unauthorized" } };
      return { status: 400, body: { error: error.code, error_description: description } };
    }
  };

  const revoke = (call: Call): Reply => {
    const given = formOf(call).get("token") ?? call.query.get("token") ?? "";
    if (oauth.revokeAll(given)) return { status: 200, body: {} };
    return { status: 400, body: { error: "invalid_token", error_description: "Token expired or revoked" } };
  };

  return [
    { method: "GET", path: "/o/oauth2/v2/auth", answer: authorize },
    { method: "POST", path: "/token", answer: token },
    { method: "POST", path: "/revoke", answer: revoke },
  ];
}

function basicClient(call: Call): [string, string][] {
  const encoded = /^Basic (.+)$/i.exec(call.headers.authorization ?? "")?.[1];
  if (encoded === undefined) return [];
  const [id = "", secret = ""] = Buffer.from(encoded, "base64").toString().split(":");
  return [
    ["client_id", decodeURIComponent(id)],
    ["client_secret", decodeURIComponent(secret)],
  ];
}

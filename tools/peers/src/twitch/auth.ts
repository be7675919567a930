import { type Call, formOf, type Reply, type Route } from "../platform/call.ts";
import { type OAuth, OAuthFailure } from "../platform/oauth.ts";
import { errorBody } from "./answers.ts";
import type { World } from "./world.ts";

/** The endpoints below `id.twitch.tv/oauth2` (dev.twitch.tv, Authentication); `base` is their path here. */
export function authRoutes(base: string, oauth: OAuth, world: World, revoked: (userId: string) => void): Route[] {
  return [
    { method: "GET", path: `${base}/authorize`, answer: (call) => authorize(oauth, call) },
    { method: "POST", path: `${base}/token`, answer: (call) => token(oauth, call) },
    {
      method: "POST",
      path: `${base}/revoke`,
      answer: (call) => {
        const form = parameters(call);
        if (form.get("client_id") !== oauth.options.clientId)
          return { status: 404, body: { status: 404, message: "client does not exist" } };
        const value = form.get("token") ?? "";
        const userId = oauth.check(value)?.grant.userId;
        if (!oauth.revoke(value)) return { status: 400, body: { status: 400, message: "Invalid token" } };
        if (userId !== undefined) revoked(userId);
        return { status: 200 };
      },
    },
    {
      method: "GET",
      path: `${base}/validate`,
      answer: (call) => validate(oauth, world, call),
    },
  ];
}

/** dev.twitch.tv/docs/authentication/validate-tokens: its scheme is `OAuth`, and its errors are without `error`. */
function validate(oauth: OAuth, world: World, call: Call): Reply {
  const refused = (message: string): Reply => ({ status: 401, body: { status: 401, message } });
  const given = /^OAuth (\S+)$/.exec(call.headers.authorization ?? "")?.[1];
  if (given === undefined) return refused("missing authorization token");
  const found = oauth.check(given);
  if (found === undefined) return refused("invalid access token");
  const { userId, scopes } = found.grant;
  return {
    status: 200,
    body: {
      client_id: oauth.options.clientId,
      login: world.users.get(userId)?.login ?? "",
      scopes,
      user_id: userId,
      expires_in: Math.floor((found.expiresAt - Date.now()) / 1000),
    },
  };
}

/** Twitch knows no PKCE for this flow and takes no notice of its parameters. */
function authorize(oauth: OAuth, call: Call): Reply {
  const query = new URLSearchParams(call.query);
  query.delete("code_challenge");
  return oauth.authorize({ query });
}

function token(oauth: OAuth, call: Call): Reply {
  try {
    const issued = oauth.token(parameters(call));
    return {
      status: 200,
      body: {
        access_token: issued.accessToken,
        refresh_token: issued.refreshToken,
        expires_in: issued.expiresIn,
        scope: issued.grant.scopes,
        token_type: "bearer",
      },
    };
  } catch (error) {
    if (!(error instanceof OAuthFailure)) throw error;
    const status = error.message === "invalid client secret" ? 403 : 400;
    // Refreshing answers with `error`, the other failures without.
    const body = error.message === "Invalid refresh token" ? errorBody(status, error.message) : undefined;
    return { status, body: body ?? { status, message: error.message } };
  }
}

/** In the body as documented, or in the query, which Twitch takes as well and twurple uses. */
function parameters(call: Call): URLSearchParams {
  return new URLSearchParams([...call.query, ...formOf(call)]);
}

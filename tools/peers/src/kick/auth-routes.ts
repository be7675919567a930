import { bearerOf, type Call, formOf, type Reply, type Route } from "../platform/call.ts";
import { type OAuth, OAuthFailure } from "../platform/oauth.ts";

/** App access tokens (the client credentials grant); they stand for no user. */
export type AppTokens = Set<string>;

/** `id.kick.com`: docs.kick.com/getting-started/generating-tokens-oauth2-flow. */
export function authRoutes(oauth: OAuth, appTokens: AppTokens, newToken: () => string): Route[] {
  return [
    { method: "GET", path: "/oauth/authorize", answer: (call) => authorize(oauth, call) },
    { method: "POST", path: "/oauth/token", answer: (call) => token(oauth, appTokens, newToken, call) },
    {
      method: "POST",
      path: "/oauth/revoke",
      // Documented with the token in the query; clients send a form, and both work.
      answer: (call) => {
        const value = call.query.get("token") ?? formOf(call).get("token");
        if (value === null) return invalid("token is required");
        if (!appTokens.delete(value)) oauth.revoke(value);
        return { status: 200, body: "OK" };
      },
    },
    {
      method: "POST",
      path: "/oauth/token/introspect",
      answer: (call) => {
        const value = bearerOf(call) ?? "";
        const found = oauth.check(value);
        const { clientId } = oauth.options;
        if (found === undefined && !appTokens.has(value))
          return { status: 200, body: { data: { active: false }, message: "OK" } };
        const of =
          found === undefined
            ? { token_type: "app", scope: "" }
            : {
                token_type: "user",
                scope: found.grant.scopes.join(" "),
                exp: Math.floor(found.expiresAt / 1000),
              };
        return { status: 200, body: { data: { active: true, client_id: clientId, ...of }, message: "OK" } };
      },
    },
  ];
}

/** Kick asks for more than OAuth does: a state and scopes; its errors there are 400 with JSON, not redirects. */
function authorize(oauth: OAuth, call: Call): Reply {
  const { query } = call;
  for (const name of ["client_id", "redirect_uri", "response_type", "state", "scope", "code_challenge"])
    if ((query.get(name) ?? "") === "") return invalid(`${name} is required`);
  if (query.get("code_challenge_method") !== "S256") return invalid("code_challenge_method must be S256");
  return oauth.authorize(call);
}

function token(oauth: OAuth, appTokens: AppTokens, newToken: () => string, call: Call): Reply {
  if (call.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") !== true)
    return invalid("the body must be a form");
  const form = formOf(call);
  const { clientId, clientSecret, expiresIn } = oauth.options;
  if (form.get("grant_type") === "client_credentials") {
    if (form.get("client_id") !== clientId || form.get("client_secret") !== clientSecret)
      return { status: 401, body: { error: "invalid_client", error_description: "Client authentication failed" } };
    const appToken = newToken();
    appTokens.add(appToken);
    return { status: 200, body: { access_token: appToken, token_type: "Bearer", expires_in: expiresIn } };
  }
  try {
    const issued = oauth.token(form);
    return {
      status: 200,
      body: {
        access_token: issued.accessToken,
        token_type: "Bearer",
        refresh_token: issued.refreshToken,
        expires_in: issued.expiresIn,
        scope: issued.grant.scopes.join(" "),
      },
    };
  } catch (error) {
    if (!(error instanceof OAuthFailure)) throw error;
    const status = error.code === "invalid_client" ? 401 : 400;
    return { status, body: { error: error.code, error_description: error.message } };
  }
}

function invalid(description: string): Reply {
  return { status: 400, body: { error: "invalid_request", error_description: description } };
}

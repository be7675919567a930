import { createHash, randomBytes } from "node:crypto";
import { type Call, Refusal, type Reply } from "./call.ts";

/** An error of RFC 6749 section 5.2; each platform words its own answer. */
export class OAuthFailure extends Error {
  /** `invalid_grant`, `invalid_client`, … */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What one user let one client do, and the tokens that stand for it. */
export type Grant = { readonly userId: string; readonly scopes: readonly string[]; revoked: boolean };
export type AccessToken = { readonly token: string; readonly grant: Grant; readonly expiresAt: number };
export type Issued = {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: number;
  readonly grant: Grant;
};

export type OAuthOptions = {
  readonly clientId: string;
  readonly clientSecret: string;
  /** An access token's life, s; may be changed while it runs. */
  expiresIn: number;
  /** A refresh answers a new refresh token, and the old one is dead. */
  rotatesRefreshTokens: boolean;
  readonly requiresPkce?: boolean;
  /** How `scope` is split: a space (RFC 6749) unless set. */
  readonly scopeSeparator?: string;
};

/** What the user does on the consent page. */
export type Decision =
  | { readonly kind: "consent"; readonly userId: string; readonly scopes?: readonly string[] }
  | { readonly kind: "deny" };

/**
 * The part of an OAuth 2 server that all platforms share (RFC 6749, RFC 7636
 * S256 only). There is no page: `decide` says beforehand what the user will do.
 */
export function makeOAuth(options: OAuthOptions) {
  type Code = { grant: Grant; redirectUri: string; challenge: string | null };
  const codes = new Map<string, Code>();
  const refreshTokens = new Map<string, Grant>();
  const accessTokens = new Map<string, AccessToken>();
  let decision: Decision | undefined;

  const issue = (grant: Grant, refreshToken = secret()): Issued => {
    const accessToken = secret();
    accessTokens.set(accessToken, { token: accessToken, grant, expiresAt: Date.now() + options.expiresIn * 1000 });
    refreshTokens.set(refreshToken, grant);
    return { accessToken, refreshToken, expiresIn: options.expiresIn, grant };
  };

  const checkClient = (form: URLSearchParams): void => {
    if (form.get("client_id") !== options.clientId) throw new OAuthFailure("invalid_client", "invalid client");
    if (form.get("client_secret") !== options.clientSecret)
      throw new OAuthFailure("invalid_client", "invalid client secret");
  };

  const redeemCode = (form: URLSearchParams): Issued => {
    const value = form.get("code") ?? "";
    const code = codes.get(value);
    codes.delete(value);
    if (code === undefined || code.grant.revoked) throw new OAuthFailure("invalid_grant", "Invalid authorization code");
    if (code.redirectUri !== form.get("redirect_uri"))
      throw new OAuthFailure("invalid_grant", "Parameter redirect_uri does not match registered URI");
    if (code.challenge !== null && code.challenge !== s256(form.get("code_verifier") ?? ""))
      throw new OAuthFailure("invalid_grant", "Invalid code verifier");
    return issue(code.grant);
  };

  const refresh = (form: URLSearchParams): Issued => {
    const value = form.get("refresh_token") ?? "";
    const grant = refreshTokens.get(value);
    if (grant === undefined || grant.revoked) throw new OAuthFailure("invalid_grant", "Invalid refresh token");
    if (!options.rotatesRefreshTokens) return issue(grant, value);
    refreshTokens.delete(value);
    return issue(grant);
  };

  const liveGrantOf = (token: string): Grant | undefined => {
    const grant = accessTokens.get(token)?.grant ?? refreshTokens.get(token);
    return grant?.revoked === true ? undefined : grant;
  };

  const revokeUser = (userId: string): void => {
    for (const grant of [...refreshTokens.values(), ...[...codes.values()].map((code) => code.grant)])
      if (grant.userId === userId) grant.revoked = true;
  };

  return {
    options,
    /** What the user does at every authorize request from now on. */
    decide: (next: Decision): void => {
      decision = next;
    },
    /** The authorize endpoint: a redirect to the client with `code` or `error`, 400 where it must not redirect. */
    authorize: (call: Pick<Call, "query">): Reply => {
      const { query } = call;
      const redirectUri = query.get("redirect_uri");
      if (query.get("client_id") !== options.clientId || redirectUri === null || !URL.canParse(redirectUri))
        throw new Refusal({ status: 400, body: "invalid client or redirect_uri" });
      const challenge = query.get("code_challenge");
      const back = (fields: Record<string, string>): Reply => {
        const url = new URL(redirectUri);
        for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
        const state = query.get("state");
        if (state !== null) url.searchParams.set("state", state);
        return { status: 302, headers: { location: url.href } };
      };
      if (query.get("response_type") !== "code")
        return back({ error: "unsupported_response_type", error_description: "response_type must be code" });
      if (challenge === null ? options.requiresPkce === true : query.get("code_challenge_method") !== "S256")
        return back({ error: "invalid_request", error_description: "code_challenge with S256 is required" });
      if (decision === undefined) throw new Refusal({ status: 400, body: "say first what the user does: decide()" });
      if (decision.kind === "deny")
        return back({ error: "access_denied", error_description: "The user denied you access" });
      const asked = (query.get("scope") ?? "").split(options.scopeSeparator ?? " ").filter((scope) => scope !== "");
      const scopes = decision.scopes ?? asked;
      const code = secret();
      codes.set(code, { grant: { userId: decision.userId, scopes, revoked: false }, redirectUri, challenge });
      return back({ code, scope: scopes.join(" ") });
    },
    /** The token endpoint's decisions; throws `OAuthFailure`. */
    token: (form: URLSearchParams): Issued => {
      checkClient(form);
      const type = form.get("grant_type");
      if (type === "authorization_code") return redeemCode(form);
      if (type === "refresh_token") return refresh(form);
      throw new OAuthFailure("unsupported_grant_type", "unsupported grant_type");
    },
    /** A linked user without the redirects. */
    grant: (userId: string, scopes: readonly string[]): Issued => issue({ userId, scopes, revoked: false }),
    /** Undefined where it is unknown, revoked or expired. */
    check: (token: string | undefined): AccessToken | undefined => {
      const found = accessTokens.get(token ?? "");
      return found === undefined || found.grant.revoked || found.expiresAt <= Date.now() ? undefined : found;
    },
    /** The revoke endpoint: an access or refresh token, and with it its grant; false where there is none. */
    revoke: (token: string): boolean => {
      const grant = liveGrantOf(token);
      if (grant !== undefined) grant.revoked = true;
      return grant !== undefined;
    },
    /** The same where a platform ends all that the user has given the client by any one token of it. */
    revokeAll: (token: string): boolean => {
      const grant = liveGrantOf(token);
      if (grant !== undefined) revokeUser(grant.userId);
      return grant !== undefined;
    },
    /** The user removed the client in the platform's settings: all tokens of that user are dead. */
    revokeUser,
    /** Ends every access token now; refresh tokens live. */
    expireAccessTokens: (): void => accessTokens.clear(),
    /** How many refresh tokens could be used now; for showing that unlinking revoked. */
    liveGrants: (userId: string): number =>
      new Set([...refreshTokens.values()].filter((grant) => grant.userId === userId && !grant.revoked)).size,
  };
}

export type OAuth = ReturnType<typeof makeOAuth>;

function secret(): string {
  return randomBytes(20).toString("hex");
}

function s256(verifier: string): string {
  return createHash("sha256").update(verifier).digest("base64url");
}

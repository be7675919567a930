import type { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import { PlatformError } from "./platform.ts";
import type { HttpRefusal, PlatformHttp, PlatformSession, Secrets } from "./platform.ts";

/** What adapters of OAuth 2.0 platforms have in common (RFC 6749, RFC 7636). */

/** The address of an authorization request (RFC 6749, 4.1.1) with PKCE. */
export function authorizationUrl(
  base: string,
  given: {
    readonly clientId: string;
    readonly redirectUri: string;
    readonly scopes: readonly string[];
    readonly state: string;
    readonly challenge: string;
    readonly more?: Readonly<Record<string, string>>;
  },
): string {
  const url = new URL(base);
  const fields = {
    response_type: "code",
    client_id: given.clientId,
    redirect_uri: given.redirectUri,
    scope: given.scopes.join(" "),
    state: given.state,
    code_challenge: given.challenge,
    code_challenge_method: "S256",
    ...given.more,
  };
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  return url.href;
}

// Platforms differ in whether numbers are numbers, and scopes one text or many.
const Tokens = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.coerce.number().positive().optional(),
  scope: z.union([z.string(), z.array(z.string())]).optional(),
});

export type Granted = { readonly secrets: Secrets; readonly scopes: readonly string[] };

/**
 * Asks a token endpoint. `unauthorized` is only what says that the grant is over
 * (RFC 6749, 5.2): that TRaX's own credentials are wrong is nobody's grant.
 * @param isOver refusals that mean the same in the platform's own words
 */
export async function askForTokens(
  http: PlatformHttp,
  title: string,
  url: string,
  form: Readonly<Record<string, string | Secret>>,
  isOver: (refusal: HttpRefusal) => boolean = () => false,
): Promise<Granted> {
  const asked = Date.now();
  const answer = await http.json({
    method: "POST",
    url,
    form,
    explain: (refusal) => {
      if (refusal.status === 429 || refusal.status >= 500) return null;
      const said = refusal.words === "" ? "" : ` It says: ${refusal.words}`;
      if (isInvalidGrant(refusal.body) || isOver(refusal))
        return new PlatformError("unauthorized", `${title} does not take TRaX's access any more.${said}`);
      return new PlatformError("refused", `${title} gives no access to this TRaX.${said}`);
    },
  });
  const { data } = Tokens.safeParse(answer);
  if (data === undefined) throw new PlatformError("unavailable", `${title} gave no access token.`);
  return {
    secrets: {
      accessToken: data.access_token,
      ...(data.refresh_token === undefined ? {} : { refreshToken: data.refresh_token }),
      expiresAt: data.expires_in === undefined ? null : new Date(asked + data.expires_in * 1_000),
    },
    scopes: typeof data.scope === "string" ? data.scope.split(/[ ,]+/).filter((one) => one !== "") : (data.scope ?? []),
  };
}

function isInvalidGrant(body: unknown): boolean {
  return z.object({ error: z.literal("invalid_grant") }).safeParse(body).success;
}

/** Asks as the account: once more, with a new token, where the platform refuses the first. */
export async function asAccount<T>(session: PlatformSession, ask: (token: Secret) => Promise<T>): Promise<T> {
  const token = await session.accessToken();
  try {
    return await ask(token);
  } catch (error) {
    if (!(error instanceof PlatformError) || error.kind !== "unauthorized") throw error;
    session.refused(token);
    return ask(await session.accessToken());
  }
}

/** The answer as it has to be. Throws `unavailable`: a platform that answers otherwise is broken, or has changed. */
export function readAnswer<Schema extends z.ZodType>(title: string, schema: Schema, answer: unknown): z.output<Schema> {
  const { data, success } = schema.safeParse(answer);
  if (!success) throw new PlatformError("unavailable", `${title} answered with something unexpected.`);
  return data;
}

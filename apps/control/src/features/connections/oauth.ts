import { Secret } from "@trax/foundation/secret";
import { z } from "zod";
import { beforehand } from "./not-done.ts";
import { PlatformError } from "./platform.ts";
import type {
  HttpRefusal,
  HttpRequest,
  Linked,
  PlatformClient,
  PlatformContext,
  PlatformHttp,
  PlatformSession,
  Secrets,
} from "./platform.ts";

/** How the operator registered TRaX at a platform; null: not. */
export function registrationOf({ setting }: PlatformContext) {
  const [clientId, clientSecret] = [setting("CLIENT_ID"), setting("CLIENT_SECRET")];
  return clientId === null || clientSecret === null ? null : { clientId, clientSecret: new Secret(clientSecret) };
}

/** In what OAuth 2.0 platforms differ. */
export type OAuthPlatform = {
  /** For people. */
  readonly title: string;
  readonly http: PlatformHttp;
  readonly registration: NonNullable<ReturnType<typeof registrationOf>>;
  readonly scopes: readonly string[];
  readonly authorizeUrl: string;
  /** Further fields of the authorization request. */
  readonly authorizeWith?: Readonly<Record<string, string>>;
  readonly tokenUrl: string;
  /** Whether a refusal says in the platform's own words that the grant is over. */
  readonly isOver?: (refusal: HttpRefusal) => boolean;
  /** How a token is withdrawn (RFC 7009, 2.1, or as the platform has it). */
  readonly revocation: (token: Secret, hint: string) => Pick<HttpRequest, "url" | "form">;
  /** As in `PlatformClient`. */
  readonly withdrawsAll?: boolean;
  /** Whose the token is. */
  readonly whoIs: (token: Secret) => Promise<Pick<Linked, "platformUserId" | "accountName">>;
};

/** What withdrawing a token may take, ms; less while a browser waits. */
const [usualMs, hurriedMs] = [10_000, 3_000];

/**
 * Linking at an OAuth 2.0 platform: the authorization code grant with PKCE
 * (RFC 6749, 4.1; RFC 7636; platforms without it take no notice), renewal and withdrawal.
 */
export function openOAuth(
  o: OAuthPlatform,
): Required<Pick<PlatformClient, "authorizeUrl" | "exchange" | "refresh" | "revoke" | "withdrawsAll">> {
  const { title, http, withdrawsAll = false } = o;
  const { clientId, clientSecret } = o.registration;
  const tokens = (form: Readonly<Record<string, string | Secret>>): Promise<Granted> =>
    askForTokens(http, title, o.tokenUrl, { client_id: clientId, client_secret: clientSecret, ...form }, o.isOver);

  /** Every token, since either may end the grant or only itself. One that is over already is as good as withdrawn. */
  const revoke = async ({ accessToken, refreshToken }: Secrets, deadlineMs: number): Promise<void> => {
    for (const [hint, token] of Object.entries({ access_token: accessToken, refresh_token: refreshToken })) {
      if (token === undefined) continue;
      const request = { method: "POST", ...o.revocation(new Secret(token), hint), deadlineMs } as const;
      await http.json({ ...request, explain: (refusal) => notWithdrawn(title, refusal) }).catch((error: unknown) => {
        if (!(error instanceof PlatformError) || error.kind !== "refused") throw error;
      });
    }
  };

  return {
    authorizeUrl({ state, challenge, redirectUri }) {
      const url = new URL(o.authorizeUrl);
      const fields = {
        response_type: "code",
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: o.scopes.join(" "),
        state,
        code_challenge: challenge,
        code_challenge_method: "S256",
        ...o.authorizeWith,
      };
      for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
      return url.href;
    },
    async exchange({ code, verifier, redirectUri }) {
      const form = { grant_type: "authorization_code", code: new Secret(code), redirect_uri: redirectUri };
      const { secrets, scopes } = await tokens({ ...form, code_verifier: verifier });
      try {
        const user = await o.whoIs(new Secret(secrets.accessToken ?? ""));
        return { ...user, scopes, settings: {}, secrets };
      } catch (error) {
        // Nobody knows whose it is, so nobody could use or withdraw it later. Tried once: the person may be linking anew by then.
        // Not where that would end a link there is, which may be on air.
        if (!withdrawsAll) await revoke(secrets, hurriedMs).catch(() => undefined);
        if (!(error instanceof PlatformError)) throw error;
        const message = `${title} gave access, and did not tell whose account it is: nothing was linked. ${error.message}`;
        throw new PlatformError(error.kind, message, error.retryAfterMs);
      }
    },
    async refresh(secrets) {
      const refreshToken = new Secret(secrets.refreshToken ?? "");
      const next = await tokens({ grant_type: "refresh_token", refresh_token: refreshToken });
      return { ...secrets, ...next.secrets };
    },
    revoke: (secrets) => revoke(secrets, usualMs),
    withdrawsAll,
  };
}

/** In our own words: a token may have been in the address, which a refusal may repeat. */
function notWithdrawn(title: string, { status }: HttpRefusal): PlatformError {
  return status === 429 || status >= 500
    ? new PlatformError("unavailable", `${title} does not withdraw access now.`)
    : new PlatformError("refused", `${title} does not know the token.`);
}

// Platforms differ in whether numbers are numbers, and scopes one text or many.
const Tokens = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1).optional(),
  expires_in: z.coerce.number().positive().optional(),
  scope: z.union([z.string(), z.array(z.string())]).optional(),
});

type Granted = { readonly secrets: Secrets; readonly scopes: readonly string[] };

/**
 * Asks a token endpoint. `unauthorized` is only what says that the grant is over
 * (RFC 6749, 5.2): that TRaX's own credentials are wrong is nobody's grant.
 * @param isOver refusals that mean the same in the platform's own words
 */
async function askForTokens(
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

/**
 * Asks as the account: once more, with a new token, where the platform refuses the first.
 * @param signal ends the wait for a token
 */
export async function asAccount<T>(
  session: PlatformSession,
  ask: (token: Secret) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const token = await beforehand(session.accessToken(), signal);
  try {
    return await ask(token);
  } catch (error) {
    if (!(error instanceof PlatformError) || error.kind !== "unauthorized") throw error;
    session.refused(token);
    return ask(await beforehand(session.accessToken(), signal));
  }
}

/** The answer as it has to be. Throws `unavailable`: a platform that answers otherwise is broken, or has changed. */
export function readAnswer<Schema extends z.ZodType>(title: string, schema: Schema, answer: unknown): z.output<Schema> {
  const { data, success } = schema.safeParse(answer);
  if (!success) throw new PlatformError("unavailable", `${title} answered with something unexpected.`);
  return data;
}

import type { FastifyReply, FastifyRequest } from "fastify";
import { inNetworks } from "@trax/foundation/network";
import type { Scope } from "@trax/contract";
import type { RateLimit } from "@trax/foundation/config";
import type { Authenticator } from "./auth/authenticator.ts";
import { isOwnOrigin } from "./auth/origin.ts";
import { presentedIn } from "./auth/presented.ts";
import type { Credential, Principal } from "./auth/principal.ts";
import { signOutCookie } from "./auth/session.ts";
import { addressBucket, clientAddressOf } from "./client-address.ts";
import { ApiError, invalidRequest } from "./errors.ts";
import type { RateLimiter, Verdict } from "./rate-limit.ts";
import type { Route } from "./route.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set by the guard; null for a public route that was called without a credential. */
    principal: Principal | null;
    credential: Credential | null;
    route: Route | null;
    /** By `performance.now()`. */
    startedAt: number;
  }
}

/**
 * What stands before every route, known or not, in the order of refusal:
 * authenticate, rate limit, route, scope (with the origin of a cookie), write
 * flag. Body, resource and state come after it.
 */
export type Guard = (
  route: Route | null,
  request: FastifyRequest,
  reply: FastifyReply,
  proceed: (refusal?: Error) => void,
) => void;

type Identity = { readonly principal: Principal; readonly credential: Credential };
type Identities = { key: Identity | null; session: Identity | null };

export function makeGuard(options: {
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
  readonly addressLimit: RateLimit;
  readonly writeEnabled: boolean;
  readonly publicUrl: string | null;
  /** What an unknown route answers: 404, or 405 where only the method is. */
  readonly unknownRoute: (request: FastifyRequest, reply: FastifyReply) => ApiError | null;
}): Guard {
  const { authenticator, limiter } = options;

  const limit = (bucket: string, rate: RateLimit, reply: FastifyReply): void => takeToken(limiter, bucket, rate, reply);

  /** Failing costs a token of the address, so that guessing is slow. */
  const failure = (error: ApiError, request: FastifyRequest, reply: FastifyReply): ApiError => {
    try {
      limit(addressBucket(clientAddressOf(request.ip)), options.addressLimit, reply);
      return error;
    } catch (limited) {
      return limited instanceof ApiError ? limited : error;
    }
  };

  const decide = (route: Route | null, request: FastifyRequest, reply: FastifyReply, found: Identities): void => {
    const identity = route?.access === "session" ? found.session : (found.key ?? found.session);
    const principal = identity?.principal ?? null;
    if (principal === null && route?.access !== "public") throw failure(unauthenticated(false), request, reply);
    const address = clientAddressOf(request.ip);
    if (principal !== null && principal.allowedNetworks.length > 0 && !inNetworks(address, principal.allowedNetworks)) {
      throw failure(new ApiError("ip_not_allowed"), request, reply);
    }
    request.principal = principal;
    request.credential = identity?.credential ?? null;
    if (principal === null) limit(addressBucket(address), options.addressLimit, reply);
    else limit(principal.id, principal.limit, reply);
    if (route === null) {
      const refusal = options.unknownRoute(request, reply);
      if (refusal !== null) throw refusal;
      return;
    }
    if (principal !== null && route.scopes.length > 0) requireScope(route.scopes, principal.scopes);
    const byCookie = principal === null ? route.ignoresCookie : principal.kind === "session";
    if (byCookie && route.isUnsafe && !isOwnOrigin(request.raw.headers, options.publicUrl))
      throw new ApiError("origin_not_allowed");
    if (route.operation.write && !options.writeEnabled) throw new ApiError("write_disabled");
  };

  const authenticate = async (presented: readonly Credential[]): Promise<Identities> => {
    const found: Identities = { key: null, session: null };
    for (const credential of presented) {
      const principal = authenticator.known(credential) ?? (await authenticator.load(credential));
      if (principal === null) throw unauthenticated(true, credential.kind === "session");
      note(found, principal, credential);
    }
    return found;
  };

  /** Resolves to the refusal, undefined for none; never rejects. */
  const decideLater = async (
    route: Route | null,
    request: FastifyRequest,
    reply: FastifyReply,
    presented: readonly Credential[],
  ): Promise<Error | undefined> => {
    let found: Identities;
    try {
      found = await authenticate(presented);
    } catch (error) {
      return error instanceof ApiError && error.code === "unauthenticated"
        ? failure(error, request, reply)
        : asError(error);
    }
    return outcome(() => decide(route, request, reply, found));
  };

  return (route, request, reply, proceed) => {
    request.startedAt = performance.now();
    request.route = route;
    reply.header("x-request-id", request.id);
    reply.header("cache-control", "no-store");
    if (request.raw.headers.host === undefined && request.raw.httpVersion === "1.1") {
      proceed(invalidRequest("The request has no Host header."));
      return;
    }
    const all = presentedIn(request.raw.headers);
    const presented = route?.ignoresCookie === true ? all.filter((one) => one.kind !== "session") : all;
    const known: Identities = { key: null, session: null };
    for (const credential of presented) {
      const principal = authenticator.known(credential);
      if (principal === undefined) {
        void decideLater(route, request, reply, presented).then(proceed);
        return;
      }
      note(known, principal, credential);
    }
    proceed(outcome(() => decide(route, request, reply, known)));
  };
}

function note(found: Identities, principal: Principal, credential: Credential): void {
  if (principal.kind === "api_key") found.key ??= { principal, credential };
  else found.session ??= { principal, credential };
}

function outcome(work: () => void): Error | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return asError(error);
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Refuses who holds none of these scopes. For what only the body tells the need of, handlers ask again. */
export function requireScope(needed: readonly Scope[], held: ReadonlySet<Scope>): void {
  if (needed.some((scope) => held.has(scope))) return;
  const names = needed.join(" or ");
  throw new ApiError("insufficient_scope", `This needs the scope ${names}.`, { requiredScope: names });
}

/** Takes one token of a bucket and says in the answer what is left; refuses where there is none. */
export function takeToken(limiter: RateLimiter, bucket: string, rate: RateLimit, reply: FastifyReply): void {
  const verdict = limiter.take(bucket, rate);
  reply.header("ratelimit-policy", policyOf(rate));
  reply.header("ratelimit", `"default";r=${verdict.remaining};t=${verdict.resetSeconds}`);
  if (!verdict.allowed) throw rateLimited(verdict);
}

const policies = new Map<string, string>();

function policyOf(rate: RateLimit): string {
  const name = `${rate.requests}/${rate.seconds}`;
  let policy = policies.get(name);
  if (policy === undefined) {
    policy = `"default";q=${rate.requests};w=${rate.seconds}`;
    policies.set(name, policy);
  }
  return policy;
}

export function rateLimited(verdict: Readonly<Verdict>): ApiError {
  const seconds = verdict.retryAfterSeconds;
  return new ApiError("rate_limited", `Too many requests: try again in ${seconds} s.`, {
    headers: { "retry-after": String(seconds) },
  });
}

/** @param presented whether there was a credential, which then was no good; @param cookie whether that was a cookie, which the browser then forgets */
export function unauthenticated(presented: boolean, cookie = false): ApiError {
  const message = presented
    ? "A credential that was sent is unknown, revoked or expired."
    : "This needs a credential: an API key in `Authorization: Bearer sk_live_…` or `X-Api-Key`, or a session cookie.";
  return new ApiError("unauthenticated", message, {
    headers: {
      "www-authenticate": presented ? 'Bearer realm="trax", error="invalid_token"' : 'Bearer realm="trax"',
      ...(cookie ? { "set-cookie": signOutCookie } : {}),
    },
  });
}

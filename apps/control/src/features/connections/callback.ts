import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { hashOf } from "../../kernel/auth/api-key.ts";
import { findSession } from "../../kernel/auth/credential-sql.ts";
import { isWellFormedSessionToken, sessionTokensIn } from "../../kernel/auth/session.ts";
import { invalidRequest } from "../../kernel/errors.ts";
import type { PlainRoutes } from "../../kernel/plain-routes.ts";
import { callbackPath, finishAuthorization } from "./authorize.ts";
import type { AuthorizeParts } from "./authorize.ts";

const Query = z.object({
  state: z.string().regex(/^[\w-]{43}$/),
  code: z.string().min(1).max(4_000).optional(),
  error: z.string().max(200).optional(),
});

/** Where platforms send browsers back to: one address for all of them, which an operator registers there. */
export function callbackRoutes(parts: AuthorizeParts): PlainRoutes {
  const usersOf = async (request: FastifyRequest): Promise<string[]> => {
    const tokens = sessionTokensIn(request.headers.cookie ?? "").filter(isWellFormedSessionToken);
    const found = await Promise.all(
      tokens.map((token) => findSession(parts.database, hashOf(token), parts.config.TRAX_RATE_LIMIT)),
    );
    return found.flatMap((principal) => (principal === null ? [] : [principal.userId]));
  };

  return (app: FastifyInstance) => {
    app.route({
      method: "GET",
      url: callbackPath,
      // Asked by what looks at links before people do, it would be used up.
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const { data } = Query.safeParse(request.query);
        if (data === undefined) throw invalidRequest("This is not how a platform comes back: begin again.");
        const { state, code = null, error = null } = data;
        const onTo = await finishAuthorization(parts, { state, code, error, users: await usersOf(request) });
        if (onTo === null) throw invalidRequest("This link was used already, or is too old: begin again.");
        return reply.header("referrer-policy", "no-referrer").redirect(onTo, 303);
      },
    });
  };
}

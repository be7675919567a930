import type { FastifyInstance } from "fastify";
import type { RateLimit } from "@trax/foundation/config";
import type { AccessLog } from "./access-log.ts";
import { addressBucket, clientAddressOf } from "./client-address.ts";
import { takeToken } from "./guard.ts";
import type { RateLimiter } from "./rate-limit.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The route itself decides what counts against an address. */
    readonly isLimitedElsewhere?: boolean;
  }
}

/**
 * Routes outside of the contract, for protocols that others have laid down. They
 * have bodies and credentials of their own; in common with all others they have
 * request ids, the one shape of errors, the log, and here a limit by the
 * client's address.
 */
export type PlainRoutes = (app: FastifyInstance) => void;

export function installPlainRoutes(
  app: FastifyInstance,
  routes: PlainRoutes,
  kernel: { readonly limiter: RateLimiter; readonly rateLimit: RateLimit; readonly accessLog: AccessLog },
): void {
  void app.register((scope, _options, done) => {
    scope.addHook("onRequest", (request, reply, proceed) => {
      request.startedAt = performance.now();
      reply.header("x-request-id", request.id);
      reply.header("cache-control", "no-store");
      proceed();
    });
    // After the routes' own headers, which browsers need to read even a refusal, and before any body is.
    scope.addHook("preParsing", (request, reply, _payload, proceed) => {
      if (request.routeOptions.config.isLimitedElsewhere !== true)
        takeToken(kernel.limiter, addressBucket(clientAddressOf(request.ip)), kernel.rateLimit, reply);
      proceed();
    });
    scope.addHook("onResponse", (request, reply, proceed) => {
      // What was refused has been noted by who refused it.
      if (reply.statusCode < 400) kernel.accessLog.note(request, reply.statusCode);
      proceed();
    });
    routes(scope);
    done();
  });
}

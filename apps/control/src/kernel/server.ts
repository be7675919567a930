import fastify from "fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { RateLimit } from "@trax/foundation/config";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { Authenticator } from "./auth/authenticator.ts";
import { answerBrokenHttp } from "./broken-http.ts";
import { makeDispatch } from "./dispatch.ts";
import { ApiError, asApiError, errorBody } from "./errors.ts";
import { makeGuard } from "./guard.ts";
import type { Idempotency } from "./idempotency.ts";
import { acceptJson } from "./input.ts";
import { installPlainRoutes } from "./plain-routes.ts";
import type { PlainRoutes } from "./plain-routes.ts";
import type { RateLimiter } from "./rate-limit.ts";
import { requestIdOf } from "./request-id.ts";
import type { Route } from "./route.ts";
import type { Streams } from "./streaming.ts";
import type { Tracing } from "./tracing.ts";
import { unknownRoutes } from "./unknown-route.ts";
import type { AccessLog } from "./access-log.ts";

const bodyLimit = 1_048_576;

export type Kernel = {
  readonly authenticator: Authenticator;
  readonly limiter: RateLimiter;
  readonly idempotency: Idempotency;
  readonly streams: Streams;
  readonly accessLog: AccessLog;
  readonly tracing: Tracing;
  readonly database: Database;
  readonly log: Logger;
  readonly rateLimit: RateLimit;
  readonly writeEnabled: boolean;
  readonly publicUrl: string | null;
  /** CIDRs of proxies whose `X-Forwarded-For` counts. */
  readonly trustedProxies: readonly string[];
};

/**
 * The HTTP server with every route behind the guard. Slow clients are cut off:
 * 10 s for the head of a request, 30 s for all of it, 65 s idle between two; a
 * connection costs memory alone meanwhile, so thousands may be open.
 */
export function buildServer(
  kernel: Kernel,
  routes: readonly Route[],
  plainRoutes: readonly PlainRoutes[] = [],
): FastifyInstance {
  const { log } = kernel;
  const unknownRoute = unknownRoutes(routes);
  const guard = makeGuard({ ...kernel, addressLimit: kernel.rateLimit, unknownRoute });
  const app = fastify({
    logger: false,
    bodyLimit,
    genReqId: requestIdOf,
    requestIdHeader: false,
    trustProxy: kernel.trustedProxies.length === 0 ? false : [...kernel.trustedProxies],
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    connectionTimeout: 0,
    http: {
      headersTimeout: 10_000,
      connectionsCheckingInterval: 1_000,
      joinDuplicateHeaders: true,
      // Node would answer without a body; the guard refuses it in the one shape.
      requireHostHeader: false,
    },
    forceCloseConnections: "idle",
    // While closing, the requests that are still accepted are served.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 500 },
    clientErrorHandler: (error, socket) => answerBrokenHttp(error, socket, log),
    frameworkErrors: (error, request, reply) => {
      guard(null, request, reply, (refusal) => refuse(isOfRoute(refusal) ? error : refusal, request, reply));
    },
  });
  // RFC 9110, 10.1.1: an expectation nobody knows may be let be. Node would refuse it without a body.
  app.server.on("checkExpectation", (request, response) => app.server.emit("request", request, response));
  app.server.on("connect", (_request, socket) => {
    // The socket is ours alone now: without a listener its reset would end the process.
    socket.on("error", () => undefined);
    answerBrokenHttp(new Error("CONNECT"), socket, log);
  });
  const refuse = makeRefuse(log, kernel.accessLog);
  app.decorateRequest("principal", null);
  app.decorateRequest("credential", null);
  app.decorateRequest("route", null);
  app.decorateRequest("startedAt", 0);
  acceptJson(app);
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply));
  app.addHook("onRequest", (request, reply, done) => {
    if (request.is404) guard(null, request, reply, done);
    else done();
  });
  kernel.tracing.install(app);
  app.addHook("preClose", (done) => {
    kernel.streams.stop();
    done();
  });
  // The hook above has answered all but `OPTIONS` of a known path.
  app.setNotFoundHandler((request, reply) => {
    kernel.accessLog.note(request, 204);
    reply.code(204).send();
  });
  for (const route of routes) {
    app.route({
      method: route.operation.method,
      url: route.url,
      exposeHeadRoute: !route.isStream,
      onRequest: (request, reply, done) => guard(route, request, reply, done),
      handler: route.isStream ? kernel.streams.dispatch(route) : makeDispatch(route, kernel),
    });
  }
  for (const plain of plainRoutes) installPlainRoutes(app, plain, kernel);
  return app;
}

/** Who may ask is told what is wrong with the path itself rather than that there is none like it. */
function isOfRoute(refusal: Error | undefined): boolean {
  return refusal === undefined || (refusal instanceof ApiError && (refusal.status === 404 || refusal.status === 405));
}

function makeRefuse(
  log: Logger,
  accessLog: AccessLog,
): (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => void {
  return (thrown, request, reply) => {
    const error = asApiError(thrown);
    if (error.status >= 500 && error !== thrown) {
      log.error(
        { err: thrown, requestId: request.id, operation: request.route?.name, code: error.code },
        "a request failed",
      );
    }
    // Fastify would close the connection on a body that is too large, and the client might never read the answer.
    if (error.status === 413) reply.removeHeader("connection");
    accessLog.note(request, error.status);
    reply.headers({ "x-request-id": request.id, "cache-control": "no-store", ...error.extras.headers });
    reply
      .code(error.status)
      .header("content-type", "application/json; charset=utf-8")
      .send(errorBody(error, request.id));
  };
}

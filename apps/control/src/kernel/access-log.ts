import type { FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "@trax/foundation/log";
import type { Metrics } from "./metrics.ts";

/** One line and one observation a request. The route's pattern is told, never the URL, whose query may hold anything. */
export function makeAccessLog(
  log: Logger,
  metrics: Metrics,
): (request: FastifyRequest, reply: FastifyReply, done: () => void) => void {
  return (request, reply, done) => {
    const { route, principal } = request;
    const { statusCode } = reply.raw;
    const ms = reply.elapsedTime;
    metrics.observe(route?.name ?? "unknown", statusCode, ms / 1_000);
    log.info(
      {
        requestId: request.id,
        method: request.raw.method,
        route: route?.operation.path ?? "unknown",
        status: statusCode,
        ms: Math.round(ms * 100) / 100,
        accountId: principal?.accountId,
        credentialId: principal?.id,
        studioId: studioIdOf(request.params, route?.operation.path),
      },
      "request",
    );
    done();
  };
}

const ofStudio = "/v1/studios/{id}";
const idLength = 30;

function studioIdOf(params: unknown, path: string | undefined): string | undefined {
  if (path === undefined || !path.startsWith(ofStudio)) return undefined;
  if (typeof params !== "object" || params === null || !("id" in params) || typeof params.id !== "string")
    return undefined;
  return params.id.slice(0, idLength);
}

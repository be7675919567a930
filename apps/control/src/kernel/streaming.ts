import type { ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { AccessLog } from "./access-log.ts";
import type { Authenticator } from "./auth/authenticator.ts";
import { ApiError } from "./errors.ts";
import { Call } from "./dispatch.ts";
import type { Dispatch } from "./dispatch.ts";
import { readInput } from "./input.ts";
import type { Input } from "./input.ts";
import type { Route } from "./route.ts";

/** The open event streams. Each ends when its client goes, its credential dies, or the server stops. */
export type Streams = {
  dispatch(route: Route): Dispatch;
  /** Aborts every stream; those that start later are aborted at once. */
  stop(): void;
  readonly size: number;
};

/** What one credential may have open: a leak in a client must not become ours. */
const streamsPerCredential = 1_000;

class StreamCall extends Call {
  readonly headers: FastifyRequest["headers"];
  readonly signal: AbortSignal;
  readonly open: () => ServerResponse;

  constructor(
    base: { input: Input; request: FastifyRequest; reply: FastifyReply; database: Database; log: Logger },
    signal: AbortSignal,
    start: () => ServerResponse,
  ) {
    super(base.input, base.request, base.reply, base.database, base.database, base.log);
    this.headers = base.request.headers;
    this.signal = signal;
    this.open = start;
  }
}

export function openStreams(services: {
  readonly database: Database;
  readonly authenticator: Authenticator;
  readonly accessLog: AccessLog;
  readonly log: Logger;
}): Streams {
  const { database, authenticator, accessLog, log } = services;
  const open = new Set<AbortController>();
  const counts = new Map<string, number>();
  let stopped = false;

  return {
    dispatch(route) {
      const run = typeof route.handler === "function" ? route.handler : route.handler.run;
      return async (request, reply) => {
        const input = readInput(route, request);
        const { principal, credential } = request;
        if (principal === null || credential === null) throw new Error("a stream without a principal");
        const count = counts.get(principal.id) ?? 0;
        if (count >= streamsPerCredential) {
          throw new ApiError("rate_limited", `This credential has ${count} event streams open: close some first.`, {
            headers: { "retry-after": "10" },
          });
        }
        counts.set(principal.id, count + 1);
        const controller = new AbortController();
        const abort = (): void => controller.abort();
        const unfollow = authenticator.follow(credential, principal, abort);
        reply.raw.on("close", abort);
        open.add(controller);
        if (stopped) abort();
        let raw: ServerResponse | null = null;
        const start = (): ServerResponse => {
          raw ??= begin(reply, route);
          return raw;
        };
        try {
          await run(new StreamCall({ input, request, reply, database, log }, controller.signal, start));
          end(raw);
        } catch (error) {
          if (raw === null) throw error;
          if (!controller.signal.aborted) log.error({ err: error, requestId: request.id }, "a stream broke");
          end(raw);
        } finally {
          unfollow();
          const left = (counts.get(principal.id) ?? 1) - 1;
          if (left === 0) counts.delete(principal.id);
          else counts.set(principal.id, left);
          if (raw !== null) accessLog.note(request, 200);
          open.delete(controller);
          reply.raw.off("close", abort);
        }
      };
    },
    stop() {
      stopped = true;
      for (const controller of open) controller.abort();
    },
    get size() {
      return open.size;
    },
  };
}

function begin(reply: FastifyReply, route: Route): ServerResponse {
  reply.hijack();
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, { "content-type": route.operation.contentType ?? "text/event-stream", "x-accel-buffering": "no" });
  raw.flushHeaders();
  return raw;
}

function end(raw: ServerResponse | null): void {
  raw?.end();
}

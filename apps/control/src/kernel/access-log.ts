import { hostname } from "node:os";
import type { FastifyRequest } from "fastify";
import type { LogDestination } from "@trax/foundation/log";
import type { HttpHistogram } from "./http-histogram.ts";

/**
 * One line and one observation a request. The route's pattern is told, never
 * the URL, whose query may hold anything. Lines look like the log's own, but
 * are put together here (all they hold are tokens, so nothing needs escaping or
 * cutting out) and written many at once: a write for each request would cost
 * more than answering it. A crash loses the lines of the last moments.
 */
export type AccessLog = {
  /** Called once a request, when its answer is handed to the socket. */
  note(request: FastifyRequest, status: number): void;
  /** Writes what is left. */
  close(): void;
};

const everyMs = 100;
const mostWaiting = 256;

export function openAccessLog(options: {
  readonly destination: LogDestination;
  /** Off, requests are still observed. */
  readonly on: boolean;
  readonly requests: HttpHistogram;
}): AccessLog {
  const { destination, requests } = options;
  const tail = `,"pid":${process.pid},"hostname":${JSON.stringify(hostname())},"name":"control","msg":"request"}\n`;
  const time = cachedTime();
  let waiting = "";
  let count = 0;
  let timer: NodeJS.Timeout | null = null;

  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    count = 0;
    const lines = waiting;
    waiting = "";
    if (lines !== "") destination.write(lines);
  };

  return {
    note(request, status) {
      const { route, principal } = request;
      const ms = performance.now() - request.startedAt;
      requests.observe(route?.name ?? "unknown", status, ms / 1_000);
      if (options.on) {
        const who = principal === null ? "" : `","accountId":"${principal.accountId}","credentialId":"${principal.id}`;
        waiting += `{"level":"info","time":"${time()}","requestId":"${request.id}","method":"${request.raw.method ?? ""}","route":"${
          route?.operation.path ?? "unknown"
        }${who}${studioOf(request.params, route?.operation.path)}","status":${status},"ms":${Math.round(ms * 100) / 100}${tail}`;
        count += 1;
        if (count >= mostWaiting) flush();
        else timer ??= setTimeout(flush, everyMs);
      }
    },
    close: flush,
  };
}

const ofStudio = "/v1/studios/{id}";
const studioId = /^std_[0-9a-z]{26}$/;

function studioOf(params: unknown, path: string | undefined): string {
  if (path === undefined || !path.startsWith(ofStudio)) return "";
  if (typeof params !== "object" || params === null || !("id" in params) || typeof params.id !== "string") return "";
  return studioId.test(params.id) ? `","studioId":"${params.id}` : "";
}

/** The time as RFC 3339, made once a millisecond. */
function cachedTime(): () => string {
  let at = 0;
  let text = "";
  return () => {
    const now = Date.now();
    if (now !== at) {
      at = now;
      text = new Date(now).toISOString();
    }
    return text;
  };
}

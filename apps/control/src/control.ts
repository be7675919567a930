import type { FastifyInstance } from "fastify";
import type { Config } from "@trax/foundation/config";
import { openDatabase } from "@trax/foundation/database";
import type { LogDestination, Logger } from "@trax/foundation/log";
import { openVault } from "@trax/foundation/vault";
import { mountsOf, plainRoutesOf } from "./app.ts";
import { startChat } from "./features/chat/index.ts";
import type { ChatConnections } from "./features/chat/index.ts";
import { openConnections } from "./features/connections/index.ts";
import { openLibrary } from "./features/media-library/index.ts";
import { openAccessLog } from "./kernel/access-log.ts";
import { openAuthenticator } from "./kernel/auth/authenticator.ts";
import { openPasswords } from "./kernel/auth/password.ts";
import { openEventFeed } from "./kernel/event-feed.ts";
import { openHttpHistogram } from "./kernel/http-histogram.ts";
import { openIdempotency } from "./kernel/idempotency.ts";
import { openMetrics } from "./kernel/metrics.ts";
import { openOperatorServer } from "./kernel/operator-server.ts";
import { openCursors } from "./kernel/pagination.ts";
import { openRateLimiter } from "./kernel/rate-limit.ts";
import { routesOf } from "./kernel/route.ts";
import { buildServer } from "./kernel/server.ts";
import { openStreams } from "./kernel/streaming.ts";
import { startSweeping } from "./kernel/sweep.ts";
import { openTracing } from "./kernel/tracing.ts";

export type Control = {
  /** Ports that were bound, which matters where 0 was asked for. */
  readonly port: number;
  readonly operatorPort: number;
  /** Serves what is under way, ends streams, and lets go of everything. */
  close(): Promise<void>;
};

/** How long requests under way may take once it stops; longer than any of them should. */
const patienceMs = 8_000;

/** Makes the parts of control, joins them, and listens. What it opened is closed again when something fails. */
export async function openControl(options: {
  readonly config: Config;
  readonly log: Logger;
  /** Where `log` writes. */
  readonly output: LogDestination;
  readonly tracing: boolean;
  readonly chatConnections?: ChatConnections;
}): Promise<Control> {
  const { config, log } = options;
  const url = config.DATABASE_URL;
  if (url === null) throw new Error("DATABASE_URL is needed: it takes a postgres:// URL");
  const vault = openVault(config.TRAX_ENCRYPTION_KEYS);
  const rateLimit = config.TRAX_RATE_LIMIT;

  await using opened = new AsyncDisposableStack();
  const database = opened.adopt(
    openDatabase(url, { onError: (error) => log.warn({ err: error }, "an idle database connection broke") }),
    (one) => one.close(),
  );
  const authenticator = opened.adopt(openAuthenticator({ url, database, limit: rateLimit, log }), (one) => one.close());
  const eventFeed = opened.adopt(openEventFeed({ url, log }), (one) => one.close());
  opened.adopt(startSweeping(database, log), (one) => one.close());
  const connections = opened.adopt(await openConnections({ config, database, vault, log, url }), (one) => one.close());
  const chatConnections = options.chatConnections ?? connections;
  opened.adopt(startChat({ database, eventFeed, connections: chatConnections, log }), (one) => one.close());
  const limiter = openRateLimiter();
  const library = opened.adopt(await openLibrary({ config, database, vault, limiter, log }), (one) => one.close());
  const requests = openHttpHistogram();
  const accessLog = opened.adopt(
    openAccessLog({ destination: options.output, on: log.isLevelEnabled("info"), requests }),
    (one) => one.close(),
  );
  const streams = openStreams({ database, authenticator, accessLog, log });
  const metrics = openMetrics(database, requests, () => streams.size);

  const cursors = openCursors(vault.derive("cursor"));
  const passwords = await openPasswords();
  const services = { config, database, vault, cursors, eventFeed, limiter, log, connections, chatConnections, library };
  const routes = routesOf(mountsOf({ ...services, passwords }));
  const app = buildServer(
    {
      authenticator,
      limiter,
      idempotency: openIdempotency(vault),
      streams,
      accessLog,
      tracing: openTracing(options.tracing),
      database,
      log,
      rateLimit,
      writeEnabled: config.PUBLIC_API_WRITE_ENABLED,
      publicUrl: config.TRAX_PUBLIC_URL,
      trustedProxies: config.TRAX_TRUSTED_PROXIES,
    },
    routes,
    plainRoutesOf(services),
  );
  opened.defer(() => stopServing(app));
  const operator = opened.adopt(
    await openOperatorServer({ port: config.TRAX_OPERATOR_PORT, metrics, database, log }),
    (one) => one.close(),
  );
  await app.listen({ host: config.TRAX_HOST, port: config.TRAX_HTTP_PORT });
  const address = app.server.address();
  const port = typeof address === "object" && address !== null ? address.port : config.TRAX_HTTP_PORT;

  const everything = opened.move();
  return { port, operatorPort: operator.port, close: () => everything.disposeAsync() };
}

/**
 * Ends when the requests under way are answered. A connection that becomes idle
 * meanwhile would be kept for its client's next request, so those are closed as
 * they appear.
 */
async function stopServing(app: FastifyInstance): Promise<void> {
  const idle = setInterval(() => app.server.closeIdleConnections(), 20);
  const impatient = setTimeout(() => app.server.closeAllConnections(), patienceMs);
  await app.close();
  clearInterval(idle);
  clearTimeout(impatient);
}

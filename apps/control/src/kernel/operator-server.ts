import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import sql from "sql-template-tag";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { Metrics } from "./metrics.ts";

/**
 * The operator's listener, on loopback only: `/metrics` for Prometheus,
 * `/healthz` (the process answers), `/readyz` (the database does, too).
 */
export async function openOperatorServer(options: {
  readonly port: number;
  readonly metrics: Metrics;
  readonly database: Database;
  readonly log: Logger;
}): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 10_000 }, (request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      options.log.error({ err: error }, "the operator's listener failed");
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : options.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

type Parts = { readonly metrics: Metrics; readonly database: Database };

async function answer(request: IncomingMessage, response: ServerResponse, { metrics, database }: Parts): Promise<void> {
  const path = request.url?.split("?")[0];
  if (request.method !== "GET" && request.method !== "HEAD") return text(response, 405, "method not allowed\n");
  switch (path) {
    case "/metrics":
      return text(response, 200, await metrics.render(), metrics.contentType);
    case "/healthz":
      return text(response, 200, "ok\n");
    case "/readyz": {
      const ready = await database.query(sql`select 1`).then(
        () => true,
        () => false,
      );
      return text(response, ready ? 200 : 503, ready ? "ok\n" : "the database does not answer\n");
    }
    default:
      return text(response, 404, "not found\n");
  }
}

function text(response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "content-type": type }).end(body);
}

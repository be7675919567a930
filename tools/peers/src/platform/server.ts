import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Duplex } from "node:stream";
import { freePort } from "../ports.ts";
import { Refusal, type Reply, type Route } from "./call.ts";
import { type FaultOptions, type Fault, makeFaults } from "./faults.ts";
import { type LoggedRequest, makeRequestLog, type RequestLog } from "./request-log.ts";

export type PlatformOptions = {
  readonly routes: readonly Route[];
  /** The platform's error body for a status: for faults that name none, and paths that are not there (404). */
  readonly errorBody: (status: number) => unknown;
  /** A WebSocket asked for; not answered here. Faults have met it already. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Headers for every answer there is (rate limits), asked as it goes out. */
  readonly headers?: (request: LoggedRequest) => Readonly<Record<string, string>>;
};

/** A fake platform's HTTP server, and what a test does to it. */
export type PlatformServer = RequestLog & {
  readonly port: number;
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly failNext: (options: FaultOptions) => Fault;
  readonly clearFaults: () => void;
  readonly stop: () => Promise<void>;
};

/** Starts it on a free port of loopback. Its sockets, WebSockets included, are closed by `stop`. */
export async function startPlatformServer(options: PlatformOptions): Promise<PlatformServer> {
  const log = makeRequestLog();
  const faults = makeFaults(options.errorBody);
  const upgraded = new Set<Duplex>();

  const record = (request: IncomingMessage, body: string): LoggedRequest => {
    const url = urlOf(request);
    const logged: LoggedRequest = {
      at: performance.now(),
      method: request.method ?? "GET",
      path: url.pathname,
      query: url.search.slice(1),
      headers: request.headers,
      body,
      status: null,
    };
    log.requests.push(logged);
    return logged;
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const logged = record(request, await text(request));
    let reply: Reply | undefined;
    try {
      const cut = await faults.meet(logged);
      if (cut === "before") return void request.socket.destroy();
      reply = await answer(options, logged, request, response);
      if (cut === "after") return void request.socket.destroy();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      reply = error.reply;
    }
    logged.status = reply?.status ?? response.statusCode;
    if (reply !== undefined) send(response, reply, options.headers?.(logged));
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      // A defect of the fake, or a client that left: said where a test sees it.
      if (!response.headersSent) send(response, { status: 599, body: `the fake failed: ${String(error)}` });
      else response.destroy();
    });
  });

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    upgraded.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => upgraded.delete(socket));
    const logged = record(request, "");
    try {
      const cut = await faults.meet(logged);
      if (cut !== undefined || options.upgrade === undefined) return void socket.destroy();
    } catch (error) {
      logged.status = error instanceof Refusal ? error.reply.status : 599;
      return void socket.end(`HTTP/1.1 ${logged.status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
    logged.status = 101;
    options.upgrade(request, socket, head);
  };
  server.on("upgrade", (request, socket, head) => void upgrade(request, socket, head));

  const port = await freePort();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return {
    ...log,
    port,
    origin: `http://127.0.0.1:${port}`,
    failNext: faults.failNext,
    clearFaults: faults.clearFaults,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
      faults.clearFaults();
      await closed;
    },
  };
}

async function answer(
  options: PlatformOptions,
  logged: LoggedRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Reply | undefined> {
  for (const route of options.routes) {
    if (route.method !== logged.method) continue;
    const params = match(route.path, logged.path);
    if (params === undefined) continue;
    const { method, path, headers, body } = logged;
    const query = new URLSearchParams(logged.query);
    return route.answer({ method, path, params, query, headers, body, request, response });
  }
  return { status: 404, body: options.errorBody(404) };
}

/** What stands for each `{name}`, or undefined where the path does not fit. */
function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name !== undefined && value !== "") params[name] = decodeURIComponent(value);
    else if (part !== value) return undefined;
  }
  return params;
}

function send(response: ServerResponse, reply: Reply, extra: Readonly<Record<string, string>> = {}): void {
  const { body } = reply;
  const type = typeof body === "string" ? "text/plain; charset=utf-8" : "application/json; charset=utf-8";
  response.writeHead(reply.status, {
    ...(body === undefined ? {} : { "content-type": type }),
    ...extra,
    ...reply.headers,
  });
  response.end(typeof body === "string" || body === undefined ? body : JSON.stringify(body));
}

function urlOf(request: IncomingMessage): URL {
  return new URL(request.url ?? "/", "http://platform.invalid");
}

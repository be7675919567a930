import { createServer as createHttp } from "node:http";
import type { RequestListener, Server } from "node:http";
import { createServer as createHttps } from "node:https";

export type FileServer = {
  /** Without a slash at its end. */
  readonly url: string;
  /** Paths in the order that they were asked for. */
  readonly asked: readonly string[];
  /** What is at a path: its bytes, or where it redirects to; `afterMs`: how long it takes to answer. */
  readonly put: (path: string, what: Buffer | { readonly redirect: string }, afterMs?: number) => void;
  readonly stop: () => Promise<void>;
};

/** Serves bytes, in ranges too; with a certificate by https. */
export async function startFileServer(tls?: { readonly key: string; readonly cert: string }): Promise<FileServer> {
  const files = new Map<string, Buffer | { readonly redirect: string }>();
  const delays = new Map<string, number>();
  const timers = new Set<NodeJS.Timeout>();
  const asked: string[] = [];
  const answer: RequestListener = (request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        give(path, request, response);
      },
      delays.get(path) ?? 0,
    );
    timers.add(timer);
  };
  const give = (path: string, ...[request, response]: Parameters<RequestListener>): void => {
    const file = files.get(path);
    if (file === undefined) response.writeHead(404).end();
    else if (!Buffer.isBuffer(file)) response.writeHead(302, { location: file.redirect }).end();
    else {
      const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/u.exec(request.headers.range ?? "") ?? [];
      const [start, end] = [Number(from), to === "" ? file.length - 1 : Number(to)];
      const part = file.subarray(start, end + 1);
      response.writeHead(request.headers.range === undefined ? 200 : 206, {
        "accept-ranges": "bytes",
        "content-range": `bytes ${start}-${end}/${file.length}`,
        "content-length": part.length,
      });
      response.end(part);
    }
  };
  const server: Server = tls === undefined ? createHttp(answer) : createHttps(tls, answer);
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  const port = address === null || typeof address === "string" ? 0 : address.port;
  return {
    url: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    asked,
    put: (path, what, afterMs = 0) => {
      files.set(path, what);
      delays.set(path, afterMs);
    },
    stop: async () => {
      for (const timer of timers) clearTimeout(timer);
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

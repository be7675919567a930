import { createServer as createHttp } from "node:http";
import type { RequestListener, Server } from "node:http";
import { createServer as createHttps } from "node:https";

export type FileServer = {
  /** Without a slash at its end. */
  readonly url: string;
  /** Paths in the order that they were asked for. */
  readonly asked: readonly string[];
  /** What is at a path: its bytes, or where it redirects to. */
  readonly put: (path: string, what: Buffer | { readonly redirect: string }) => void;
  readonly stop: () => Promise<void>;
};

/** Serves bytes, in ranges too; with a certificate by https. */
export async function startFileServer(tls?: { readonly key: string; readonly cert: string }): Promise<FileServer> {
  const files = new Map<string, Buffer | { readonly redirect: string }>();
  const asked: string[] = [];
  const answer: RequestListener = (request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const file = files.get(path);
    if (file === undefined) response.writeHead(404).end();
    else if (!Buffer.isBuffer(file)) response.writeHead(302, { location: file.redirect }).end();
    else {
      const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/u.exec(request.headers.range ?? "") ?? [];
      const [start, end] = [Number(from), to === "" ? file.length - 1 : Number(to)];
      const part = file.subarray(start, end + 1);
      response.writeHead(206, {
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
    put: (path, what) => void files.set(path, what),
    stop: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

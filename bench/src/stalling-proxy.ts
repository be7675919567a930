import { createServer, request } from "node:http";
import type { ServerResponse } from "node:http";
import { once } from "node:events";
import { text } from "node:stream/consumers";

export type StallingProxy = {
  readonly url: string;
  /** Ends what lies, unanswered. */
  readonly release: () => void;
  readonly stop: () => Promise<void>;
};

/** Passes requests on, but lets those lie for ever that `stalls` picks: taken in full, never answered. */
export async function startStallingProxy(
  target: string,
  stalls: (asked: { readonly method: string; readonly path: string; readonly body: string }) => boolean,
): Promise<StallingProxy> {
  const lying = new Set<ServerResponse>();
  const server = createServer((incoming, response) => {
    void (async () => {
      const body = await text(incoming);
      const [method, path] = [incoming.method ?? "", incoming.url ?? ""];
      if (stalls({ method, path, body })) {
        lying.add(response);
        return;
      }
      const { connection: _, "transfer-encoding": _encoding, ...headers } = incoming.headers;
      const outgoing = request(target + path, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      outgoing.on("error", () => fail(response));
      outgoing.end(body);
    })().catch(() => fail(response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the proxy has no address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    release: () => {
      for (const response of lying) fail(response);
      lying.clear();
    },
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function fail(response: ServerResponse): void {
  response.destroy();
}

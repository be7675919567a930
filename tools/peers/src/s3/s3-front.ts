import { once } from "node:events";
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { Refusal } from "../platform/call.ts";
import { type Fault, type FaultOptions, makeFaults } from "../platform/faults.ts";
import { freePort } from "../ports.ts";
import type { S3 } from "./s3.ts";

/** A way to an S3 server on which things go wrong when a test says so; else it only passes on. */
export type S3Front = {
  readonly endpoint: string;
  /** TRAX_S3_* by this way. */
  readonly environment: Readonly<Record<string, string>>;
  /** `path` is `/BUCKET/KEY`. A status comes with S3's own error for it (503 `SlowDown`, 507 a full disk, …). */
  readonly failNext: (options: FaultOptions) => Fault;
  readonly clearFaults: () => void;
  readonly stop: () => Promise<void>;
};

const codes: Readonly<Record<number, string>> = {
  400: "BadRequest",
  403: "AccessDenied",
  404: "NoSuchKey",
  412: "PreconditionFailed",
  500: "InternalError",
  503: "SlowDown",
  507: "InsufficientCapacity",
};

/** Signatures hold on the way: what a client says is the host is passed on as it is. */
export async function startS3Front(s3: S3): Promise<S3Front> {
  const faults = makeFaults(errorBody);
  const upstream = Number(new URL(s3.endpoint).port);

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "GET", url = "/" } = incoming;
    try {
      const cut = await faults.meet({ method, path: new URL(url, s3.endpoint).pathname });
      if (cut === "before") return void incoming.socket.destroy();
      await passOn(incoming, response, upstream, cut === "after");
    } catch (error) {
      if (!(error instanceof Refusal)) return void response.destroy();
      // Read to its end first, as S3 does: a client that still sends would take the closed connection for the answer.
      incoming.resume();
      if (!incoming.readableEnded) await once(incoming, "end");
      const { status, headers, body } = error.reply;
      response.writeHead(status, { "content-type": "application/xml", ...headers }).end(String(body));
    }
  };

  const server = createServer((incoming, response) => void serve(incoming, response));
  const port = await freePort();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    environment: { ...s3.environment, TRAX_S3_ENDPOINT: endpoint },
    failNext: faults.failNext,
    clearFaults: faults.clearFaults,
    stop: async () => {
      faults.clearFaults();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Fulfilled when the answer has begun; `loseAnswer`: when the server has answered in full, and nobody was told. */
async function passOn(
  incoming: IncomingMessage,
  response: ServerResponse,
  port: number,
  loseAnswer: boolean,
): Promise<void> {
  const { method, url, headers } = incoming;
  const { expect: _answeredHere, ...passed } = headers;
  const outgoing = httpRequest({ host: "127.0.0.1", port, method, path: url, headers: passed, agent: false });
  incoming.once("close", () => {
    if (!incoming.complete) outgoing.destroy();
  });
  incoming.pipe(outgoing);
  const answered = Promise.withResolvers<IncomingMessage>();
  outgoing.once("response", answered.resolve).on("error", answered.reject);
  const answer = await answered.promise;
  answer.on("error", () => response.destroy());
  if (loseAnswer) {
    answer.resume();
    await once(answer, "end");
    incoming.socket.destroy();
    return;
  }
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  response.once("close", () => answer.destroy());
  answer.pipe(response);
}

function errorBody(status: number): string {
  const code = codes[status] ?? "InternalError";
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message><RequestId>0</RequestId></Error>`;
}

import { Agent, request } from "node:http";
import type { OutgoingHttpHeaders } from "node:http";
import { checkAnswer } from "./every-answer.ts";
import type { Answer, Ask } from "./exchange.ts";
import { noteSecret, noteSecretsIn } from "./secrets.ts";

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const deadlineMs = 30_000;

/** Sends a request and reads the whole answer. What every answer promises is checked here, so for every request of every suite. */
export async function send(baseUrl: string, ask: Ask): Promise<Answer> {
  const answer = await exchange(baseUrl, ask);
  if (answer.status < 300) {
    noteSecretsIn(ask.json);
    noteSecretsIn(answer.json);
    for (const cookie of answer.headers["set-cookie"] ?? []) noteSecret(/^[^=]+=([^;]*)/.exec(cookie)?.[1] ?? "");
  }
  checkAnswer(ask, answer);
  return answer;
}

function exchange(baseUrl: string, ask: Ask): Promise<Answer> {
  const body = ask.json === undefined ? ask.body : JSON.stringify(ask.json);
  const headers: OutgoingHttpHeaders = {
    ...(ask.json === undefined ? {} : { "content-type": "application/json" }),
    ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
    ...ask.headers,
  };
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    // The path is sent as it is: URL would tidy up what a test means to be untidy.
    const outgoing = request(
      { host: hostname, port, method: ask.method, path: ask.path, headers, agent, timeout: deadlineMs },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.once("error", reject);
        incoming.once("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text, json: parse(text) });
        });
      },
    );
    outgoing.once("timeout", () => outgoing.destroy(new Error(`no answer within ${deadlineMs} ms`)));
    outgoing.once("error", (error) =>
      reject(new Error(`${ask.method} ${ask.path}: ${error.message}`, { cause: error })),
    );
    outgoing.end(body);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function bearer(key: string): OutgoingHttpHeaders {
  return { authorization: `Bearer ${key}` };
}

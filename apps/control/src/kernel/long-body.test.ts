import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { after, test } from "node:test";
import { openLog } from "@trax/foundation/log";
import { answerBrokenHttp } from "./broken-http.ts";
import { allowLongBody } from "./long-body.ts";

const log = openLog("control", "silent");
const server = createServer(
  { requestTimeout: 300, headersTimeout: 300, connectionsCheckingInterval: 100 },
  (asked, answer) => {
    const endLeave = asked.url === "/long" ? allowLongBody(asked.socket) : () => undefined;
    text(asked).then(
      (body) => {
        endLeave();
        answer.end(body);
      },
      () => undefined,
    );
  },
);
server.on("clientError", (error, socket) => answerBrokenHttp(error, socket, log));
server.listen(0, "127.0.0.1");
await once(server, "listening");
after(() => server.close());

async function sendSlowly(path: string): Promise<string> {
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const asked = request({ port: address.port, path, method: "PUT", headers: { "content-length": 2 } });
  const answered = Promise.withResolvers<IncomingMessage>();
  asked.once("response", answered.resolve);
  // What is written after the answer finds a closed connection.
  asked.on("error", () => undefined);
  asked.write("a");
  // Longer than the server waits for a request, by far: that it does not is what is shown.
  await Promise.race([delay(900), answered.promise]);
  asked.end("b");
  return text(await answered.promise);
}

test("a body may take longer than the server's patience where that was asked for", async () => {
  assert.equal(await sendSlowly("/long"), "ab");
  assert.match(await sendSlowly("/usual"), /did not arrive in time/);
});

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { startLossyLink } from "./lossy-link.ts";
import { waitFor } from "./wait-for.ts";

test("a lossy link loses its part, delays the rest, and answers find their way back", async () => {
  const [server, client] = [createSocket("udp4"), createSocket("udp4")];
  server.on("message", (packet, { port, address }) => server.send(packet, port, address));
  server.bind(0, "127.0.0.1");
  await once(server, "listening");
  const link = await startLossyLink({ toPort: server.address().port, loss: 0.1, delayMs: 50 });
  try {
    const answers: { readonly number: number; readonly at: number }[] = [];
    client.on("message", (packet) => answers.push({ number: packet.readUInt32BE(), at: performance.now() }));
    const from = performance.now();
    for (let number = 0; number < 200; number++) {
      const packet = Buffer.alloc(4);
      packet.writeUInt32BE(number);
      client.send(packet, link.port, "127.0.0.1");
    }
    await waitFor("every packet was lost or is back", () => {
      const { lost } = link.counts();
      return answers.length + lost === 200;
    });
    assert.ok(answers.length > 130 && answers.length < 190, `${answers.length} of 200 came back`);
    assert.ok(answers.every(({ at }) => at - from >= 95));
    const numbers = answers.map(({ number }) => number);
    assert.deepEqual(
      numbers,
      [...numbers].sort((a, b) => a - b),
      "in their order",
    );
  } finally {
    client.close();
    server.close();
    await link.stop();
  }
});

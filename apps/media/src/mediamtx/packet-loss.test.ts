import assert from "node:assert/strict";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { startCountedPublisher, startCountedWhip, startLossyLink, waitFor } from "@trax/peers";
import type { RouterLink } from "./api.ts";
import { goodToken, startTestRouter } from "./test-router.ts";
import type { TestRouter } from "./test-router.ts";

// What the router says of links that lose every twentieth packet.

const loss = 0.05;

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(":") + 1));
}

async function lossOf(it: TestRouter, protocol: "srt" | "whip"): Promise<RouterLink> {
  const link = await waitFor(
    "enough has come to tell",
    async () => (await it.router.api.links(protocol)).find(({ received }) => received > 400),
    30_000,
  );
  const path = await it.router.api.path(it.path);
  assert.equal(path?.publisher?.id, link.id);
  return link;
}

describe("links that lose packets", { concurrency: 2 }, () => {
  test("SRT: what did not come at first counts, also where it came later", async () => {
    await using open = new AsyncDisposableStack();
    const it = open.adopt(await startTestRouter(), (one) => one.stop());
    const url = it.srtUrl(goodToken);
    const toPort = portOf(it.options.addresses.srt.address);
    const link = open.adopt(await startLossyLink({ toPort, loss, delayMs: 20 }), (one) => one.stop());
    const near = `${url.replace(`:${toPort}`, `:${link.port}`)}&latency=500000`;
    open.adopt(await startCountedPublisher(near, { source: 5, size: "640x360" }), (one) => one.stop());
    const { received, lost } = await lossOf(it, "srt");
    assert.ok(
      lost / (received + lost) > 0.015 && lost / (received + lost) < 0.12,
      `${lost} lost, ${received} received`,
    );
  });

  test("WHIP: what is lost on its way is told", async () => {
    await using open = new AsyncDisposableStack();
    const it = open.adopt(await startTestRouter(), (one) => one.stop());
    const { webrtc } = it.options.addresses;
    assert.ok(webrtc !== null);
    const toPort = portOf(webrtc.udp);
    const link = open.adopt(await startLossyLink({ toPort, loss, delayMs: 20 }), (one) => one.stop());
    // The answer names the link's port, and so media take that way.
    const signalling = createServer(async (request, response) => {
      const { authorization, "content-type": type } = request.headers;
      const answer = await fetch(`http://${webrtc.http}${request.url ?? ""}`, {
        method: request.method ?? "POST",
        headers: { ...(authorization && { authorization }), ...(type && { "content-type": type }) },
        ...(request.method === "POST" ? { body: await text(request) } : {}),
      });
      const body = (await answer.text()).replaceAll(` ${toPort} typ host`, ` ${link.port} typ host`);
      response.writeHead(answer.status, {
        "content-length": Buffer.byteLength(body),
        "content-type": answer.headers.get("content-type") ?? "text/plain",
        location: answer.headers.get("location") ?? "/",
      });
      response.end(body);
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    signalling.listen(0, "127.0.0.1", resolve);
    await promise;
    open.defer(() => {
      signalling.closeAllConnections();
      signalling.close();
    });
    const address = signalling.address();
    const port = address === null || typeof address === "string" ? 0 : address.port;
    const url = `http://127.0.0.1:${port}/${it.path}/whip`;
    open.adopt(await startCountedWhip(url, goodToken, { source: 6, size: "640x360" }), (one) => one.stop());
    const { received, lost } = await lossOf(it, "whip");
    assert.ok(
      lost / (received + lost) > 0.015 && lost / (received + lost) < 0.12,
      `${lost} lost, ${received} received`,
    );
  });
});

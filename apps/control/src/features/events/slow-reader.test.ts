import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { after, test } from "node:test";
import { scopes } from "@trax/contract";
import { openLog } from "@trax/foundation/log";
import { appendMediaEvent } from "@trax/media-protocol";
import { openEventFeed } from "../../kernel/event-feed.ts";
import { startControl } from "../../testing/control.ts";
import { Tenant } from "../../testing/tenant.ts";
import { follow } from "./follow.ts";
import { openTails } from "./tails.ts";

const control = await startControl();
after(() => control[Symbol.asyncDispose]());

test("a reader that takes nothing is let go, with no more than one batch waiting for it", async (context) => {
  const { database, postgres } = control;
  const ada = await Tenant.make(control);
  const { id: studioId } = await ada.studio();
  const { accountId } = ada.account;
  const feed = openEventFeed({ url: postgres.url, log: openLog("test", "silent") });
  context.after(() => feed.close());

  const tails = openTails(database, feed);

  let most = 0;
  const followed = Promise.withResolvers<boolean>();
  const server = createServer((_request, response) => {
    const write = response.write.bind(response);
    // The socket's own buffer holds little: what waits beyond it is ours.
    const open = () => {
      response.write = (chunk: string) => {
        const more = write(chunk);
        most = Math.max(most, response.writableLength);
        return more;
      };
      return response;
    };
    const { signal } = new AbortController();
    const where = { database, feed, tails, accountId, studioId, lastEventId: null, meters: false, signal };
    follow({ ...where, scopes: new Set(scopes), open, patienceMs: 100 }).then(
      () => followed.resolve(response.destroyed),
      followed.reject,
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);

  const socket = connect(address.port, "127.0.0.1");
  context.after(() => socket.destroy());
  socket.write("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  await once(socket, "readable");
  socket.pause();
  const data = { padding: "x".repeat(200_000) };
  const writing = new AbortController();
  const writer = (async () => {
    for (let n = 0; n < 400 && !writing.signal.aborted; n++) {
      await database.transaction((tx) => appendMediaEvent(tx, { accountId, studioId, type: "stream.live", data }));
    }
  })();
  assert.equal(await followed.promise, true);
  writing.abort();
  await writer;
  assert.ok(most < 100 * 201_000, `${most} bytes waited`);
});

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import sql from "sql-template-tag";
import { startControl, textAt } from "../testing/control.ts";
import type { TestAccount, TestControl } from "../testing/control.ts";
import { appendEvent } from "./events.ts";

let trax: TestControl;
let account: TestAccount;
let studioId = "";

before(async () => {
  trax = await startControl();
  account = await trax.newAccount();
  studioId = textAt(
    (await trax.call("/v1/studios", { method: "POST", key: account.key, body: { name: "x" } })).json,
    "id",
  );
});
after(() => trax[Symbol.asyncDispose]());

async function follow(
  key: string,
  baseUrl = trax.baseUrl,
): Promise<{ readonly response: Response; until(text: string): Promise<void>; ended(): Promise<void> }> {
  const response = await fetch(`${baseUrl}/v1/studios/${studioId}/events`, {
    headers: { authorization: `Bearer ${key}` },
  });
  assert.equal(response.status, 200);
  assert.ok(response.body !== null);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  return {
    response,
    async until(text) {
      while (!seen.includes(text)) {
        const { done, value } = await reader.read();
        assert.ok(!done, "the stream ended");
        seen += value;
      }
    },
    async ended() {
      for (;;) if ((await reader.read()).done) return;
    },
  };
}

test("a stream has the headers of every answer and ends within a second of its key", async () => {
  const { id, secret } = await trax.mint(account);
  const stream = await follow(secret);
  for (const name of ["x-request-id", "ratelimit", "ratelimit-policy"])
    assert.ok(stream.response.headers.has(name), name);
  assert.match(stream.response.headers.get("content-type") ?? "", /^text\/event-stream/);
  const event = await appendEvent(trax.database, {
    accountId: account.accountId,
    studioId,
    type: "stream.live",
    data: {},
  });
  await stream.until(event);
  const from = performance.now();
  await trax.database.query(sql`update api_keys set revoked_at = now() where id = ${id}`);
  await stream.ended();
  assert.ok(performance.now() - from < 1_000);
});

test("a stream ends when its key expires", async () => {
  const { secret } = await trax.mint(account, { expiresInSeconds: 1 });
  await (await follow(secret)).ended();
});

test("a stream that may not start gets the error shape", async () => {
  const { secret } = await trax.mint(account, { scopes: ["studios:read"] });
  const path = `/v1/studios/${studioId}/events`;
  assert.equal((await trax.call(path, { key: secret })).code, "insufficient_scope");
  assert.equal((await trax.call(path, { key: (await trax.newAccount()).key })).code, "not_found");
  assert.equal((await trax.call(path, { key: account.key, method: "HEAD" })).status, 405);
});

test("a server that stops ends its streams and leaves nothing open", async () => {
  const { control, baseUrl } = await trax.another({});
  const stream = await follow(account.key, baseUrl);
  const closed = control.close();
  await stream.ended();
  await closed;
});

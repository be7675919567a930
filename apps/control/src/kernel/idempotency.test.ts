import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import sql from "sql-template-tag";
import { startControl, textAt } from "../testing/control.ts";
import type { Answer, TestAccount, TestControl } from "../testing/control.ts";

let trax: TestControl;
let account: TestAccount;

before(async () => {
  trax = await startControl();
  account = await trax.newAccount();
});
after(() => trax[Symbol.asyncDispose]());

const create = (idempotencyKey: string, body: object, key = account.key): Promise<Answer> =>
  trax.call("/v1/studios", { method: "POST", key, body, headers: { "idempotency-key": idempotencyKey } });

async function studiosNamed(name: string): Promise<number> {
  const [row] = await trax.database.query<{ n: number }>(
    sql`select count(*)::int as n from studios where name = ${name}`,
  );
  return row?.n ?? 0;
}

test("the same request again gets the same answer and does nothing", async () => {
  const first = await create("again", { name: "again" });
  const second = await create("again", { name: "again" });
  assert.equal(first.status, 201);
  assert.equal(first.headers.get("idempotent-replayed"), null);
  assert.equal(second.status, 201);
  assert.equal(second.headers.get("idempotent-replayed"), "true");
  assert.equal(second.text, first.text);
  assert.equal(await studiosNamed("again"), 1);
});

test("another payload, or another route, under the same key is refused", async () => {
  const first = await create("other", { name: "other" });
  assert.deepEqual((await create("other", { name: "different" })).code, "idempotency_mismatch");
  const path = `/v1/studios/${textAt(first.json, "id")}/go-offline`;
  const elsewhere = await trax.call(path, {
    method: "POST",
    key: account.key,
    headers: { "idempotency-key": "other" },
  });
  assert.deepEqual([elsewhere.status, elsewhere.code], [422, "idempotency_mismatch"]);
  assert.equal(await studiosNamed("different"), 0);
});

test("a key is its credential's own", async () => {
  const stranger = await trax.newAccount();
  const [mine, theirs] = [
    await create("shared", { name: "mine" }),
    await create("shared", { name: "theirs" }, stranger.key),
  ];
  assert.equal(mine.status, 201);
  assert.equal(theirs.status, 201);
});

test("of many at once one does the work; the others replay it or are told that it is under way", async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => create("race", { name: "race" })));
  assert.equal(await studiosNamed("race"), 1);
  const done = answers.filter((answer) => answer.status === 201);
  assert.equal(new Set(done.map((answer) => answer.text)).size, 1);
  assert.equal(done.filter((answer) => !answer.headers.has("idempotent-replayed")).length, 1);
  for (const answer of answers)
    assert.ok(answer.status === 201 || answer.code === "idempotency_in_progress", answer.text);
});

test("a refusal is not kept: the corrected request may use the same key", async () => {
  assert.equal((await create("refused", { name: "" })).status, 400);
  assert.equal((await create("refused", { name: "refused" })).status, 201);
  const studio = textAt((await create("conflict-studio", { name: "x" })).json, "id");
  const goLive = () =>
    trax.call(`/v1/studios/${studio}/go-live`, {
      method: "POST",
      key: account.key,
      headers: { "idempotency-key": "conflict" },
    });
  assert.equal((await goLive()).code, "no_enabled_destination");
  assert.equal((await goLive()).code, "no_enabled_destination");
});

test("an answer that shows a secret is kept sealed, and replayed whole", async () => {
  const studio = textAt((await create("sealed-studio", { name: "x" })).json, "id");
  const add = () =>
    trax.call(`/v1/studios/${studio}/sources`, {
      method: "POST",
      key: account.key,
      body: { name: "Camera" },
      headers: { "idempotency-key": "sealed" },
    });
  const token = textAt((await add()).json, "session", "token");
  assert.equal(textAt((await add()).json, "session", "token"), token);
  const rows = await trax.database.query<{ body: string }>(sql`select body from idempotency_keys where key = 'sealed'`);
  assert.equal(rows.length, 1);
  assert.ok(!JSON.stringify(rows).includes(token));
});

test("what is kept of a request tells nothing of what was in it, and a key kept before that was so is still its request's", async () => {
  await create("hashed", { name: "hashed" });
  const plain = createHash("sha256").update(`POST\n/v1/studios\n{"name":"hashed"}`).digest();
  const kept = () =>
    trax.database.query<{ hash: Buffer }>(sql`select request_hash as hash from idempotency_keys where key = 'hashed'`);
  assert.equal((await kept())[0]?.hash.equals(plain), false);
  await trax.database.query(sql`update idempotency_keys set request_hash = ${plain} where key = 'hashed'`);
  assert.equal((await create("hashed", { name: "hashed" })).headers.get("idempotent-replayed"), "true");
  assert.equal((await create("hashed", { name: "other" })).code, "idempotency_mismatch");
});

test("after a day a key is free again", async () => {
  await create("old", { name: "old" });
  await trax.database.query(
    sql`update idempotency_keys set created_at = now() - interval '25 hours' where key = 'old'`,
  );
  const again = await create("old", { name: "new" });
  assert.equal(again.status, 201);
  assert.equal(again.headers.get("idempotent-replayed"), null);
  assert.equal((await create("old", { name: "new" })).headers.get("idempotent-replayed"), "true");
});

test("with the database away a write is a 503 that changed nothing, and works again with it", async () => {
  await trax.postgres.kill();
  const away = await trax.call("/v1/studios", { method: "POST", key: account.key, body: { name: "away" } });
  assert.deepEqual([away.status, away.code], [503, "unavailable"], away.text);
  assert.equal(away.headers.get("retry-after"), "1");
  await trax.postgres.start();
  const back = await trax.call("/v1/studios", { method: "POST", key: account.key, body: { name: "back" } });
  assert.equal(back.status, 201, back.text);
});

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { send } from "../src/http.ts";
import type { Answer } from "../src/exchange.ts";
import type { JsonObject } from "../src/json.ts";
import { textAt } from "../src/json.ts";
import { requiredKinds } from "../src/coverage-rules.ts";
import { operationList } from "../src/operation-list.ts";
import type { ListedOperation } from "../src/operation-list.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { sampleBody } from "../src/sample-body.ts";
import { credentialFor, freshAccount } from "../src/shared-account.ts";
import { newWorld } from "../src/world.ts";
import type { World } from "../src/world.ts";

// A retry with the same Idempotency-Key is safe, for every POST there is.

async function post(operation: ListedOperation, world: World, key: string, json: JsonObject | null): Promise<Answer> {
  const { account } = world;
  const headers = { ...credentialFor(operation, account), "idempotency-key": key };
  const ask = { method: "POST", path: await world.pathOf(operation), headers };
  return send(account.instance.baseUrl, json === null ? ask : { ...ask, json });
}

async function bodyFor(operation: ListedOperation, world: World): Promise<JsonObject | null> {
  return operation.hasBody ? sampleBody(operation, world) : null;
}

const replayed = (answer: Answer): boolean => answer.headers["idempotent-replayed"] === "true";

for (const operation of operationList.filter((one) => requiredKinds(one).includes("idempotent"))) {
  const { name } = operation;

  promise(name, "idempotent", "the first answer is given again, and nothing is done twice", async () => {
    const world = newWorld(await freshAccount());
    const body = await bodyFor(operation, world);
    const key = randomUUID();
    const first = await post(operation, world, key, body);
    assert.equal(first.status, operation.status, first.text);
    assert.equal(first.headers["idempotent-replayed"], undefined);
    const reordered = body === null ? null : Object.fromEntries(Object.entries(body).toReversed());
    const second = await post(operation, world, key, reordered);
    assert.ok(replayed(second), "Idempotent-Replayed: true");
    assert.deepEqual([second.status, second.text], [first.status, first.text]);
    const other = await post(operation, world, randomUUID(), body);
    assert.ok(!replayed(other), "another key is another request");
  });

  promise(name, "idempotency_mismatch", "the same key for another request", async () => {
    const world = newWorld(await freshAccount());
    const body = await bodyFor(operation, world);
    const key = randomUUID();
    assert.equal((await post(operation, world, key, body)).status, operation.status);
    if (operation.pathParameters.length > 0) {
      const elsewhere = newWorld(world.account);
      assertRefused(await post(operation, elsewhere, key, await bodyFor(operation, elsewhere)), "idempotency_mismatch");
    }
    if (body !== null && typeof body["name"] === "string") {
      assertRefused(await post(operation, world, key, { ...body, name: "Another" }), "idempotency_mismatch");
    }
  });

  promise(
    name,
    "idempotency_in_progress",
    "twelve at once: one is done, the others are its answer or told to wait",
    async () => {
      const seen = new Set<number>();
      // Which of them meet is the scheduler's choice: rounds go on until two have met.
      for (let round = 0; round < 40 && !seen.has(409); round++) {
        const world = newWorld(await freshAccount());
        const body = await bodyFor(operation, world);
        const key = randomUUID();
        const answers = await Promise.all(Array.from({ length: 12 }, () => post(operation, world, key, body)));
        for (const answer of answers) seen.add(answer.status);
        const done = answers.filter(({ status }) => status === operation.status);
        for (const answer of answers) if (!done.includes(answer)) assertRefused(answer, "idempotency_in_progress");
        assert.equal(done.filter((answer) => !replayed(answer)).length, 1, "one is done");
        assert.equal(new Set(done.map(({ text }) => text)).size, 1, "all tell of the same");
      }
      assert.ok(seen.has(409), "two requests met");
    },
  );
}

behaviour("an Idempotency-Key is its credential's alone", async () => {
  const [one, other] = [await freshAccount(), await freshAccount()];
  const key = { "idempotency-key": randomUUID() };
  const mine = await one.ask("POST", "/v1/studios", { name: "Mine" }, key);
  const theirs = await other.ask("POST", "/v1/studios", { name: "Theirs" }, key);
  assert.equal(theirs.status, 201, theirs.text);
  assert.ok(!replayed(theirs));
  assert.notEqual(textAt(theirs.json, "id"), textAt(mine.json, "id"));
});

behaviour("a refusal is not kept: the same key may be used again for what is then right", async () => {
  const account = await freshAccount();
  const key = { "idempotency-key": randomUUID() };
  assertRefused(await account.ask("POST", "/v1/studios", { name: "" }, key), "invalid_request");
  assert.equal((await account.ask("POST", "/v1/studios", { name: "Right" }, key)).status, 201);
});

behaviour("a replay outlives what it made", async () => {
  const account = await freshAccount();
  const key = { "idempotency-key": randomUUID() };
  const first = await account.ask("POST", "/v1/studios", { name: "Gone" }, key);
  assert.equal((await account.ask("DELETE", `/v1/studios/${textAt(first.json, "id")}`)).status, 204);
  assert.equal((await account.ask("POST", "/v1/studios", { name: "Gone" }, key)).text, first.text);
});

import assert from "node:assert/strict";
import type { Account } from "../src/account.ts";
import { bearer, send } from "../src/http.ts";
import type { Answer } from "../src/exchange.ts";
import { isObject, listAt } from "../src/json.ts";
import type { JsonObject } from "../src/json.ts";
import { operationList } from "../src/operation-list.ts";
import type { ListedOperation, OperationName } from "../src/operation-list.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused, withoutRequestId } from "../src/refusal.ts";
import { fieldsOf, replaced, sampleBody } from "../src/sample-body.ts";
import { credentialFor, freshAccount } from "../src/shared-account.ts";
import { collectionsOf, neverId, neverIds, newWorld, pathWith } from "../src/world.ts";
import type { World } from "../src/world.ts";

// The matrix: every operation with ids in its path or body, with another
// tenant's ids in every place, answers exactly like with ids that never were.

type Tenants = { readonly mine: World; readonly mineToo: World; readonly theirs: World };

let kept: Promise<Tenants> | undefined;

/** Two tenants; the first with two studios. */
function tenants(): Promise<Tenants> {
  kept ??= (async () => {
    const [me, they] = [await freshAccount(), await freshAccount()];
    return { mine: newWorld(me), mineToo: newWorld(me), theirs: newWorld(they) };
  })();
  return kept;
}

async function idsOf(world: World, operation: ListedOperation): Promise<string[]> {
  const ids: string[] = [];
  for (const collection of collectionsOf(operation)) ids.push(await world.idOf(collection));
  return ids;
}

async function tryWith(
  operation: ListedOperation,
  account: Account,
  ids: readonly string[],
  json: object | null,
): Promise<Answer> {
  const ask = { method: operation.method, path: pathWith(operation, ids), headers: credentialFor(operation, account) };
  return send(account.instance.baseUrl, json === null ? ask : { ...ask, json });
}

function assertSame(answer: Answer, never: Answer, why: string): void {
  assert.equal(answer.status, never.status, why);
  assert.equal(withoutRequestId(answer), withoutRequestId(never), why);
  const names = ({ headers }: Answer): string[] => Object.keys(headers).toSorted();
  assert.deepEqual(names(answer), names(never), why);
}

for (const operation of operationList.filter(({ pathParameters }) => pathParameters.length > 0)) {
  promise(operation.name, "not_found", "another tenant's ids are ids that never were", async () => {
    const { mine, mineToo, theirs } = await tenants();
    const json = operation.hasBody ? await sampleBody(operation, mine) : null;
    const own = await idsOf(mine, operation);
    const foreign = await idsOf(theirs, operation);
    const never = neverIds(operation);
    const neverAnswer = await tryWith(operation, mine.account, never, json);
    assertRefused(neverAnswer, "not_found", "ids that never were");
    assertSame(await tryWith(operation, mine.account, foreign, json), neverAnswer, "all of another tenant");

    for (const place of own.keys()) {
      const withOne = (id: string | undefined): string[] =>
        own.map((mineHere, index) => (index === place ? String(id) : mineHere));
      const neverHere = await tryWith(operation, mine.account, withOne(never[place]), json);
      assertRefused(neverHere, "not_found", `place ${place}`);
      assertSame(
        await tryWith(operation, mine.account, withOne(foreign[place]), json),
        neverHere,
        `theirs in place ${place}`,
      );
      if (own.length > 1) {
        const sibling = await tryWith(operation, mine.account, withOne((await idsOf(mineToo, operation))[place]), json);
        assertRefused(sibling, "not_found", `my other studio's in place ${place}`);
      }
    }
  });

  promise(operation.name, "not_found", "ids of the wrong kind or shape", async () => {
    const { mine } = await tenants();
    const json = operation.hasBody ? await sampleBody(operation, mine) : null;
    const own = await idsOf(mine, operation);
    for (const [place, id] of own.entries()) {
      const shapes = [
        `acc${id.slice(3)}`,
        id.toUpperCase(),
        id.slice(0, -1),
        `${id}0`,
        id.slice(4),
        `${id}%00`,
        `%20${id}`,
        "x".repeat(4_000),
        "..%2f",
      ];
      for (const shape of shapes) {
        const ids = own.map((here, index) => (index === place ? shape : here));
        assertRefused(await tryWith(operation, mine.account, ids, json), "not_found", shape.slice(0, 60));
      }
    }
  });
}

const prefixedId = /^(std|src|dst|scn|brd|msn|key|ast|cnx|msg)_[0-9a-z]{26}$/;
const collectionOf: Readonly<Record<string, string>> = {
  std: "studios",
  src: "sources",
  dst: "destinations",
  scn: "scenes",
  brd: "broadcasts",
  msn: "media-sessions",
  cnx: "connections",
  msg: "messages",
  ast: "media",
};

/** The account's, so that any of its studios may use them. */
const ofAccount: ReadonlySet<string> = new Set(["connections", "media"]);

/** Where the sample cannot name everything at once. */
const otherBodyOf: Partial<Record<OperationName, (world: World) => Promise<JsonObject>>> = {
  createDestination: async (world) => ({ name: "Out", connectionId: await world.idOf("connections") }),
  updateDestination: async (world) => ({ connectionId: await world.idOf("connections") }),
  setChatPlatforms: async (world) => ({ connectionIds: [await world.idOf("connections")] }),
};

for (const operation of operationList.filter(({ hasBody, auth }) => hasBody && auth === "credential")) {
  behaviour(`${operation.name}: another tenant's ids in its body are ids that never were`, async () => {
    const { mine, mineToo, theirs } = await tenants();
    const other = (await otherBodyOf[operation.name]?.(mine)) ?? {};
    const fields = [await sampleBody(operation, mine), other].flatMap((body) =>
      fieldsOf(body).map((field) => ({ ...field, body })),
    );
    for (const { body, path, value } of fields) {
      const prefix = typeof value === "string" ? prefixedId.exec(value)?.[1] : undefined;
      if (prefix === undefined) continue;
      const collection = collectionOf[prefix] ?? prefix;
      const ids = await idsOf(mine, operation);
      const withId = (id: string) => tryWith(operation, mine.account, ids, replaced(body, path, id));
      const never = await withId(neverId(collection));
      assertRefused(never, "invalid_request", `${path.join(".")} is looked at`);
      assertSame(await withId(await theirs.idOf(collection)), never, `theirs in ${path.join(".")}`);
      if (!ofAccount.has(collection))
        assertSame(await withId(await mineToo.idOf(collection)), never, `my other studio's in ${path.join(".")}`);
    }
  });
}

for (const operation of operationList.filter(({ isPaginated }) => isPaginated)) {
  behaviour(`${operation.name}: a list never holds another tenant's rows`, async () => {
    const { mine, mineToo, theirs } = await tenants();
    const collection = operation.path.split("/").at(-1) ?? "";
    for (const world of [mine, mineToo, theirs]) await world.idOf(collection);
    const path = await mine.pathOf(operation);
    const ask = operation.auth === "session" ? mine.account.askAsUser : mine.account.ask;
    const answer = await ask("GET", `${path}?limit=100`);
    const ids = listAt(answer.json, "data").map((row) => (isObject(row) ? row["id"] : null));
    assert.ok(ids.includes(await mine.idOf(collection)), "mine is there");
    assert.ok(!ids.includes(await theirs.idOf(collection)), "theirs is not");
    if (operation.pathParameters.length > 0)
      assert.ok(!ids.includes(await mineToo.idOf(collection)), "my other studio's is not");
  });
}

behaviour("a change by one tenant is not seen by another: their rows are as before", async () => {
  const { mine, theirs } = await tenants();
  const path = `/v1/studios/${await theirs.idOf("studios")}`;
  const before = await theirs.account.ask("GET", path);
  for (const [method, json] of [
    ["PATCH", { name: "Taken" }],
    ["DELETE", undefined],
  ] as const) {
    assertRefused(await mine.account.ask(method, path, json), "not_found");
  }
  assert.equal((await theirs.account.ask("GET", path)).text, before.text);
  assertRefused(
    await send(mine.account.instance.baseUrl, { method: "GET", path, headers: bearer(mine.account.key) }),
    "not_found",
  );
});

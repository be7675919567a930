import assert from "node:assert/strict";
import type { Answer } from "../src/exchange.ts";
import { at, listAt, textAt } from "../src/json.ts";
import { operationAt, operationList } from "../src/operation-list.ts";
import type { ListedOperation } from "../src/operation-list.ts";
import { promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { sampleBody } from "../src/sample-body.ts";
import { freshAccount } from "../src/shared-account.ts";
import { newWorld } from "../src/world.ts";
import type { World } from "../src/world.ts";

// Lists are walked, and their cursors misused, for every list there is.

/** One list, and how rows come into it and go. */
type List = {
  readonly path: string;
  readonly get: (query: string) => Promise<Answer>;
  readonly add: () => Promise<string>;
  /** Null where nothing of this kind is ever deleted. */
  readonly remove: ((id: string) => Promise<void>) | null;
};

async function listOf(operation: ListedOperation, world: World): Promise<List> {
  const path = await world.pathOf(operation);
  const ask = operation.auth === "session" ? world.account.askAsUser : world.account.ask;
  const create = operationAt("POST", operation.path);
  const remove = operationList.find(
    (other) => other.method === "DELETE" && other.path.replace(/\/\{\w+\}$/, "") === operation.path,
  );
  return {
    path,
    get: (query) => ask("GET", `${path}${query}`),
    add: async () => {
      if (create === null) return newBroadcast(world);
      const answer = await ask("POST", path, await sampleBody(create, world));
      assert.equal(answer.status, 201, answer.text);
      return textAt(answer.json, "id");
    },
    remove:
      remove === undefined
        ? null
        : async (id) => {
            const answer = await ask("DELETE", `${path}/${id}`);
            assert.equal(answer.status, 204, answer.text);
          },
  };
}

/** Nobody posts a broadcast: going live makes one. */
async function newBroadcast(world: World): Promise<string> {
  const studio = `/v1/studios/${await world.idOf("studios")}`;
  const live = await world.account.ask("POST", `${studio}/go-live`, { allowNoDestinations: true });
  assert.equal(live.status, 200, live.text);
  assert.equal((await world.account.ask("POST", `${studio}/go-offline`)).status, 200);
  return textAt(live.json, "broadcastId");
}

const idsOf = (answer: Answer): string[] => {
  assert.equal(answer.status, 200, answer.text);
  return listAt(answer.json, "data").map((row) => textAt(row, "id"));
};

/** Every id of a list, page by page; `between` runs between two pages. */
async function walk(list: List, limit: number, between: () => Promise<void>): Promise<string[]> {
  const seen: string[] = [];
  let query = `?limit=${limit}`;
  for (;;) {
    const answer = await list.get(query);
    const ids = idsOf(answer);
    seen.push(...ids);
    const next = at(answer.json, "nextCursor");
    if (next === null) return seen;
    assert.equal(ids.length, limit, "a page that is not the last is full");
    query = `?limit=${limit}&cursor=${encodeURIComponent(String(next))}`;
    await between();
  }
}

for (const operation of operationList.filter(({ isPaginated }) => isPaginated)) {
  const { name } = operation;

  promise(name, "paginated", "newest first, each row once, null at the end", async () => {
    const world = newWorld(await freshAccount());
    const list = await listOf(operation, world);
    const before = idsOf(await list.get("?limit=100"));
    const added: string[] = [];
    for (let index = 0; index < 5; index++) added.push(await list.add());
    // What a body refers to may have been made on the way (a source for its sessions, say).
    const all = idsOf(await list.get("?limit=100"));
    assert.deepEqual(all, all.toSorted().toReversed(), "newest first");
    for (const id of [...before, ...added]) assert.ok(all.includes(id));
    for (const limit of [1, 2, all.length, all.length + 1]) {
      assert.deepEqual(await walk(list, limit, () => Promise.resolve()), all, `limit ${limit}`);
    }
    const page = await list.get("");
    assert.deepEqual(idsOf(page), all, "25 unless asked");
    assert.equal(at(page.json, "nextCursor"), null);
  });

  promise(
    name,
    "paginated",
    "no row that was there throughout is skipped or repeated while others come and go",
    async () => {
      const world = newWorld(await freshAccount());
      const list = await listOf(operation, world);
      const doomed: string[] = [];
      for (let index = 0; index < 12; index++) {
        const id = await list.add();
        if (index % 3 === 1) doomed.push(id);
      }
      const stable = idsOf(await list.get("?limit=100")).filter((id) => list.remove === null || !doomed.includes(id));
      const walking = new AbortController();
      const writer = (async () => {
        while (!walking.signal.aborted) {
          await list.add();
          const id = doomed.pop();
          if (id !== undefined) await list.remove?.(id);
        }
      })();
      for (const limit of [1, 2, 3]) {
        const seen = await walk(list, limit, () => Promise.resolve());
        assert.equal(new Set(seen).size, seen.length, "no row twice");
        assert.deepEqual(
          seen.filter((id) => stable.includes(id)),
          stable,
          `limit ${limit}`,
        );
      }
      walking.abort();
      await writer;
    },
  );

  promise(name, "invalid_cursor", "a cursor of another list, another account, or nobody's", async () => {
    const account = await freshAccount();
    const [world, elsewhere, others] = [newWorld(account), newWorld(account), newWorld(await freshAccount())];
    const list = await listOf(operation, world);
    for (let index = 0; index < 3; index++) await list.add();
    const cursor = await cursorOf(list);
    const wrong = new Map([
      ["empty", ""],
      ["made up", "nonsense"],
      ["an id", idsOf(await list.get(""))[0] ?? ""],
      ["shorter", cursor.slice(0, -1)],
      ["longer", `${cursor}A`],
      ["padded", `${cursor}=`],
      ["of another version", cursor.replace(/^v1/, "v2")],
      ["with a letter changed", `${cursor.slice(0, 10)}${cursor[10] === "A" ? "B" : "A"}${cursor.slice(11)}`],
      ["of another account", await cursorOf(await filled(operation, others))],
    ]);
    if (operation.pathParameters.length > 0)
      wrong.set("of another studio", await cursorOf(await filled(operation, elsewhere)));
    for (const other of operationList) {
      if (!other.isPaginated || other === operation || other.auth !== operation.auth) continue;
      wrong.set(`of ${other.name}`, await cursorOf(await filled(other, world)));
    }
    for (const [why, text] of wrong) {
      assertRefused(await list.get(`?cursor=${encodeURIComponent(text)}`), "invalid_cursor", why);
    }
    assert.equal((await list.get(`?cursor=${encodeURIComponent(cursor)}`)).status, 200, "the right one is taken");
  });
}

async function filled(operation: ListedOperation, world: World): Promise<List> {
  const list = await listOf(operation, world);
  for (let index = 0; index < 2; index++) await list.add();
  return list;
}

async function cursorOf(list: List): Promise<string> {
  return textAt((await list.get("?limit=1")).json, "nextCursor");
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { newAccount } from "../account.ts";
import type { Account } from "../account.ts";
import { startInstance } from "../instance.ts";
import { at, listAt, textAt } from "../json.ts";
import { fileOwned } from "../media/owned.ts";
import { killUntilBack, killable } from "./killing.ts";
import type { Killable } from "./killing.ts";
import { writeUntilAcknowledged } from "./steady-writer.ts";

// Nothing that was acknowledged is lost, whatever is killed and when.

const instance = fileOwned(() => startInstance());
const writes = 1_000;
const writers = 4;

/** What was acknowledged: each thing by its name, and each studio's last name. */
type Ledger = {
  /** By the list that it is to be found in: names, each with the id that was told. */
  readonly created: Map<string, Map<string, string>>;
  /** The last acknowledged settings of a studio. */
  readonly graceMs: Map<string, number>;
  acknowledged: number;
};

async function writeOn(account: Account, writer: number, ledger: Ledger, mayGoOn: () => boolean): Promise<void> {
  const note = (list: string, name: string, id: string) => {
    const names = ledger.created.get(list) ?? new Map<string, string>();
    ledger.created.set(list, names.set(name, id));
  };
  const post = async (list: string, name: string, more: object = {}) => {
    const answer = await writeUntilAcknowledged(account, "POST", list, { name, ...more });
    const id = textAt(answer.json, "id");
    note(list, name, id);
    ledger.acknowledged += 1;
    return id;
  };
  for (let round = 0; mayGoOn(); round++) {
    const name = `${writer}.${round}`;
    const studio = await post("/v1/studios", name);
    await post(`/v1/studios/${studio}/sources`, name);
    await post(`/v1/studios/${studio}/destinations`, name, {
      url: "rtmp://127.0.0.1:9/app",
      streamKey: `key-${name}-key`,
    });
    const graceMs = 1_000 + round;
    await writeUntilAcknowledged(account, "PATCH", `/v1/studios/${studio}`, { graceMs });
    ledger.graceMs.set(studio, graceMs);
    ledger.acknowledged += 1;
  }
}

async function walk(account: Account, path: string): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (let cursor = ""; ;) {
    const answer = await account.ask("GET", `${path}?limit=100${cursor}`);
    assert.equal(answer.status, 200, answer.text);
    all.push(...listAt(answer.json, "data"));
    const next = at(answer.json, "nextCursor");
    if (typeof next !== "string") return all;
    cursor = `&cursor=${encodeURIComponent(next)}`;
  }
}

test("a thousand acknowledged writes under kill -9 are all there, each once", async (context) => {
  const account = await newAccount(await instance());
  const ledger: Ledger = { created: new Map(), graceMs: new Map(), acknowledged: 0 };
  const kills: string[] = [];
  let killing = true;
  const kill = async () => {
    // Every kind is killed, in an order of chance; then all at once.
    const rounds: readonly (readonly Killable[])[] = [
      ...[...killable, ...killable].map((name) => [name]).toSorted(() => Math.random() - 0.5),
      killable,
      ["postgres", "control"],
      killable,
    ];
    for (const names of rounds) {
      kills.push(names.join("+"));
      await killUntilBack(await instance(), names);
    }
    killing = false;
  };
  const mayGoOn = () => killing || ledger.acknowledged < writes;
  await Promise.all([
    kill(),
    ...Array.from({ length: writers }, (_, writer) => writeOn(account, writer, ledger, mayGoOn)),
  ]);
  context.diagnostic(`${ledger.acknowledged} writes acknowledged under ${kills.length} kills: ${kills.join(", ")}`);
  assert.ok(ledger.acknowledged >= writes);

  for (const [list, names] of ledger.created) {
    const found = (await walk(account, list)).map((one) => [textAt(one, "name"), textAt(one, "id")] as const);
    assert.deepEqual(new Map(found), names, `what is in ${list}`);
    assert.equal(found.length, names.size, `each once in ${list}`);
  }
  const studios = new Map((await walk(account, "/v1/studios")).map((one) => [textAt(one, "id"), at(one, "graceMs")]));
  for (const [studio, graceMs] of ledger.graceMs) assert.equal(studios.get(studio), graceMs, studio);
});

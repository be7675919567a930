import assert from "node:assert/strict";
import { test } from "node:test";
import { openLog } from "@trax/foundation/log";
import { openFollowers } from "./followers.ts";
import type { Credential, Principal } from "./principal.ts";

const credential: Credential = { kind: "api_key", text: "sk" };

function principal(expiresAt: Date | null = null, scopes: Principal["scopes"] = new Set(["stream:read"])): Principal {
  return {
    kind: "api_key",
    id: "key_1",
    hash: Buffer.alloc(32),
    accountId: "acc_1",
    accountName: "A",
    userId: "usr_1",
    role: "owner",
    name: "k",
    scopes,
    limit: { requests: 1, seconds: 1 },
    expiresAt,
    allowedNetworks: [],
  };
}

type Look = () => Promise<Principal | null>;

/** Follows one credential; the looks at it are answered in turn, the last one for good. */
function followWith(first: Principal, ...answers: readonly Look[]) {
  let looks = 0;
  const find: Look = () => {
    const answer = answers[Math.min(looks, answers.length - 1)];
    looks += 1;
    return answer === undefined ? Promise.resolve(null) : answer();
  };
  const followers = openFollowers(find, openLog("test", "silent"));
  const ended = Promise.withResolvers<number>();
  followers.add(credential, first, () => ended.resolve(looks));
  return { followers, ended: ended.promise, [Symbol.dispose]: () => followers.close() };
}

const soon = () => new Date(Date.now() + 100);
const valid = (expiresAt: Date | null) => () => Promise.resolve(principal(expiresAt));
const gone: Look = () => Promise.resolve(null);
const away: Look = () => Promise.reject(new Error("the database is away"));

test("a credential that ended before anybody followed it is noticed", async () => {
  using one = followWith(principal(), gone);
  assert.equal(await one.ended, 1);
});

test("an end that was given after the start is noticed", async () => {
  using one = followWith(principal(), valid(null), valid(soon()), gone);
  one.followers.recheck("acc_1");
  assert.equal(await one.ended, 3);
});

test("an end that this clock reaches before the database's is looked at again", async () => {
  const end = soon();
  using one = followWith(principal(end), valid(end), valid(end), gone);
  assert.equal(await one.ended, 3);
});

test("an end is noticed although the database was away meanwhile", async () => {
  const end = soon();
  using one = followWith(principal(end), away, valid(end), gone);
  assert.equal(await one.ended, 3);
});

test("an answer that was overtaken by a newer one does not count", async () => {
  const late = Promise.withResolvers<Principal>();
  using one = followWith(principal(), () => late.promise, valid(soon()), gone);
  one.followers.recheck(null);
  late.resolve(principal());
  assert.equal(await one.ended, 3);
});

test("other scopes than at the start end it", async () => {
  using one = followWith(principal(), () => Promise.resolve(principal(null, new Set())));
  assert.equal(await one.ended, 1);
});

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startControl } from "../../testing/control.ts";

const control = await startControl();
after(() => control[Symbol.asyncDispose]());

const password = "correct horse battery";

function post(path: string, body: object) {
  return control.call(path, { method: "POST", body });
}

test("guesses at one user count together, however the address is spelt, and nobody else's do", async () => {
  for (const email of ["victim@example.com", "other@example.com"])
    assert.equal((await post("/account/sign-up", { email, password, name: "Ada" })).status, 201);
  // PostgreSQL's lower() makes an i of U+0130, JavaScript's toLowerCase() does not.
  const spellings = ["victim@example.com", "VICTIM@example.com", "v\u0130ctim@example.com"];
  const statuses: number[] = [];
  for (let n = 0; n < 12; n++) {
    const guess = { email: spellings[n % spellings.length], password: "wrong" };
    statuses.push((await post("/account/sign-in", guess)).status);
  }
  assert.deepEqual(
    statuses.slice(0, 10),
    Array.from({ length: 10 }, () => 401),
  );
  assert.deepEqual(statuses.slice(10), [429, 429]);
  assert.equal((await post("/account/sign-in", { email: "other@example.com", password })).status, 200);
});

test("a name that would take long to judge holds nobody up", { timeout: 30_000 }, async () => {
  const name = `${"a".repeat(900_000)}\u0001`;
  const answer = await post("/account/sign-up", { email: "slow@example.com", password, name });
  assert.equal(answer.status, 400);
});

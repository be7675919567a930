import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "@trax/foundation/secret";
import { NotDone, beforehand } from "./not-done.ts";
import { asAccount } from "./oauth.ts";
import { PlatformError } from "./platform.ts";
import type { PlatformSession } from "./platform.ts";
import { asRefusal } from "./platform-refusal.ts";
import { AdapterSession } from "./testing/adapter.ts";

const broken = () => new PlatformError("unavailable", "It breaks.", 7_000);

test("what fails before a platform is asked was certainly not done, whatever it was", async () => {
  await assert.rejects(beforehand(Promise.reject(broken())), (error) => {
    assert.ok(error instanceof NotDone);
    assert.deepEqual([error.message, error.retryAfterMs], ["It breaks.", 7_000]);
    return true;
  });
  const refused = new PlatformError("refused", "No.");
  await assert.rejects(beforehand(Promise.reject(refused)), refused);
  const ending = new AbortController();
  const waits = beforehand(new Promise(() => undefined), ending.signal);
  ending.abort();
  await assert.rejects(waits, NotDone);
  await assert.rejects(beforehand(Promise.resolve(1), AbortSignal.abort()), NotDone);
  const bug = new TypeError("a bug");
  await assert.rejects(beforehand(Promise.reject(bug)), bug);
  const away = Object.assign(new Error("no database"), { code: "ECONNREFUSED" });
  const unasked = await beforehand(Promise.reject(away)).catch((error: unknown) => error);
  assert.ok(unasked instanceof NotDone);
  assert.equal(asRefusal(unasked), away, "clients are told what it is");
});

test("asking as an account: done nothing while there is no token, whatever was refused before; unknown once it breaks", async () => {
  const session = new AdapterSession("1", () => "token");
  await assert.rejects(
    asAccount(session, () => Promise.reject(broken())),
    (error) => error instanceof PlatformError && !(error instanceof NotDone),
  );
  let asked = 0;
  const renewing: PlatformSession = {
    connectionId: "cnx_test",
    accountId: "acc_test",
    platformUserId: "1",
    accountName: "Test",
    settings: {},
    accessToken: () => ((asked += 1) === 1 ? Promise.resolve(new Secret("token")) : Promise.reject(broken())),
    password: () => null,
    refused: () => undefined,
    passwordRefused: () => Promise.resolve(),
  };
  const expired = new PlatformError("unauthorized", "It is over.");
  await assert.rejects(
    asAccount(renewing, () => Promise.reject(expired)),
    NotDone,
  );
  assert.equal(asked, 2);
});

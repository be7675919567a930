import assert from "node:assert/strict";
import type { OutgoingHttpHeaders } from "node:http";
import { scopes } from "@trax/contract";
import { mintKey } from "../src/account.ts";
import type { Account } from "../src/account.ts";
import { bearer, send } from "../src/http.ts";
import { at } from "../src/json.ts";
import { operationList } from "../src/operation-list.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { fileAccount } from "../src/shared-account.ts";
import { neverIds, pathWith } from "../src/world.ts";

// Who may call what, for every operation there is.

const unknownKey = "sk_live_0000000000000000000000000000000000000000000000000";
const unknownSession = `__Host-trax_session=${"A".repeat(43)}`;

type Attempt = readonly [why: string, headers: (account: Account) => OutgoingHttpHeaders];

/** A credential that is no good is refused wherever it is sent, beside a good one too. */
const badCredentials: readonly Attempt[] = [
  ["an unknown key", () => bearer(unknownKey)],
  ["not a key", () => bearer("nonsense")],
  ["an empty Bearer", () => ({ authorization: "Bearer " })],
  ["another scheme", () => ({ authorization: "Basic YTpi" })],
  ["an unknown X-Api-Key", () => ({ "x-api-key": unknownKey })],
  ["an empty X-Api-Key", () => ({ "x-api-key": "" })],
  ["a good key with a letter changed", ({ key }) => bearer(`${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`)],
  ["a good key beside a bad one", ({ key }) => ({ "x-api-key": key, authorization: `Bearer ${unknownKey}` })],
];

for (const operation of operationList) {
  const { name, method } = operation;
  const path = pathWith(operation, neverIds(operation));

  promise(name, "unauthenticated", "credentials that are no good", async () => {
    const account = await fileAccount();
    for (const [why, headers] of badCredentials) {
      const answer = await send(account.instance.baseUrl, { method, path, headers: headers(account) });
      assertRefused(answer, "unauthenticated", why);
    }
  });

  if (operation.auth !== "public") {
    promise(name, "unauthenticated", "no credential, or one of another kind", async () => {
      const account = await fileAccount();
      const { baseUrl } = account.instance;
      assertRefused(await send(baseUrl, { method, path }), "unauthenticated", "none");
      const headers = operation.auth === "session" ? bearer(account.key) : { cookie: unknownSession };
      assertRefused(await send(baseUrl, { method, path, headers }), "unauthenticated", "of another kind");
    });
  }

  if (operation.scopes.length > 0) {
    promise(name, "insufficient_scope", "every scope but those it needs", async () => {
      const account = await fileAccount();
      const others = scopes.filter((scope) => !operation.scopes.includes(scope));
      const key = await mintKey(account.instance, account.session, { scopes: others });
      const answer = await send(account.instance.baseUrl, { method, path, headers: bearer(key) });
      assertRefused(answer, "insufficient_scope");
      const named = String(at(answer.json, "error", "requiredScope"));
      for (const scope of operation.scopes) assert.ok(named.includes(scope), `${named} names ${scope}`);
    });

    behaviour(`${name}: each scope that it names is enough to get past the guard`, async () => {
      const account = await fileAccount();
      for (const scope of operation.scopes) {
        const key = await mintKey(account.instance, account.session, { scopes: [scope] });
        const answer = await send(account.instance.baseUrl, { method, path, headers: bearer(key) });
        assert.ok(![401, 403].includes(answer.status), `${scope}: ${answer.text}`);
      }
    });
  }

  if (operation.auth !== "session") {
    promise(name, "ip_not_allowed", "a key that is limited to networks elsewhere", async () => {
      const account = await fileAccount();
      const key = await mintKey(account.instance, account.session, {
        allowedNetworks: ["192.0.2.0/24", "2001:db8::/32"],
      });
      assertRefused(await send(account.instance.baseUrl, { method, path, headers: bearer(key) }), "ip_not_allowed");
    });
  }

  if (operation.ownErrors.includes("origin_not_allowed")) {
    promise(name, "origin_not_allowed", "a browser on another site's page", async () => {
      const account = await fileAccount();
      const foreign: OutgoingHttpHeaders[] = [
        { origin: "https://evil.example" },
        { origin: "null" },
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
      ];
      for (const headers of foreign) {
        const answer = await send(account.instance.baseUrl, {
          method,
          path,
          headers: { ...account.session, ...headers },
        });
        assertRefused(answer, "origin_not_allowed", JSON.stringify(headers));
      }
    });
  }
}

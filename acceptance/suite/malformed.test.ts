import assert from "node:assert/strict";
import { bearer, send } from "../src/http.ts";
import type { Ask } from "../src/exchange.ts";
import { operationList } from "../src/operation-list.ts";
import type { ListedOperation } from "../src/operation-list.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { fieldsOf, replaced, sampleBody } from "../src/sample-body.ts";
import { credentialFor, fileAccount } from "../src/shared-account.ts";
import { newWorld } from "../src/world.ts";
import type { World } from "../src/world.ts";

// Requests of the wrong shape, for every operation there is: each is told so, and changes nothing.

let kept: Promise<World> | undefined;
const fileWorld = (): Promise<World> => (kept ??= fileAccount().then(newWorld));

async function attempt(operation: ListedOperation, rest: Partial<Ask>, query = "") {
  const world = await fileWorld();
  const { account } = world;
  const path = `${await world.pathOf(operation)}${query}`;
  const headers = { ...credentialFor(operation, account), ...rest.headers };
  return send(account.instance.baseUrl, { method: operation.method, path, ...rest, headers });
}

const jsonType = { "content-type": "application/json" };
const notJson: readonly string[] = [
  "{",
  '{"name":',
  '{"name":"x"}}',
  "nonsense",
  "\u0000",
  "{'name':'x'}",
  "[".repeat(100_000),
];
const notObjects: readonly string[] = ["[]", '"text"', "12", "true", "null"];
const lone = "\\ud800";

for (const operation of operationList) {
  const { name } = operation;

  if (operation.hasBody) {
    promise(name, "invalid_request", "a body that is not JSON, or not an object", async () => {
      for (const body of [...notJson, ...notObjects]) {
        assertRefused(await attempt(operation, { body, headers: jsonType }), "invalid_request", body.slice(0, 40));
      }
      const notUtf8 = Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
      assertRefused(await attempt(operation, { body: notUtf8, headers: jsonType }), "invalid_request", "not UTF-8");
    });

    promise(name, "invalid_request", "fields it does not know, and values of the wrong kind", async () => {
      const body = await sampleBody(operation, await fileWorld());
      assertRefused(await attempt(operation, { json: { ...body, surprise: 1 } }), "invalid_request", "unknown field");
      for (const { path, value } of fieldsOf(body)) {
        for (const wrong of wrongFor(value)) {
          const answer = await attempt(operation, { json: replaced(body, path, wrong) });
          assertRefused(answer, "invalid_request", `${path.join(".")}: ${JSON.stringify(wrong)}`);
        }
      }
    });

    promise(name, "invalid_request", "NUL and lone surrogates in any text or name", async () => {
      const body = await sampleBody(operation, await fileWorld());
      for (const bad of ["\\u0000", lone]) {
        for (const { path, value } of fieldsOf(body)) {
          if (typeof value !== "string") continue;
          const text = JSON.stringify(replaced(body, path, "@here@")).replace("@here@", `a${bad}b`);
          assertRefused(
            await attempt(operation, { body: text, headers: jsonType }),
            "invalid_request",
            `${path.join(".")}: ${bad}`,
          );
        }
        const named = `{"${bad}":1}`;
        assertRefused(
          await attempt(operation, { body: named, headers: jsonType }),
          "invalid_request",
          `a name: ${bad}`,
        );
      }
    });

    if (!operation.isBodyOptional) {
      promise(name, "invalid_request", "no body", async () => {
        assertRefused(await attempt(operation, {}), "invalid_request");
        assertRefused(await attempt(operation, { body: "", headers: jsonType }), "invalid_request", "an empty one");
      });
    }

    promise(name, "unsupported_media_type", "a body that is not declared as JSON", async () => {
      const body = JSON.stringify(await sampleBody(operation, await fileWorld()));
      const types = [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
      ];
      for (const type of [...types, "application/json; charset=utf-16"]) {
        const answer = await attempt(operation, { body, headers: { "content-type": type } });
        assertRefused(answer, "unsupported_media_type", type);
      }
      assertRefused(await attempt(operation, { body }), "unsupported_media_type", "no content type");
    });

    promise(name, "payload_too_large", "a body of 10 MB", async () => {
      const body = `{"name":"${"x".repeat(10_000_000)}"}`;
      assertRefused(await attempt(operation, { body, headers: jsonType }), "payload_too_large");
    });
  }

  if (operation.auth !== "public") {
    promise(name, "invalid_request", "a query it does not know", async () => {
      assertRefused(await attempt(operation, operation.hasBody ? { json: {} } : {}, "?surprise=1"), "invalid_request");
    });
  }

  if (!operation.hasBody && operation.method !== "GET") {
    promise(name, "invalid_request", "a body where it takes none", async () => {
      assertRefused(await attempt(operation, { json: { name: "x" } }), "invalid_request");
    });
  }

  if (operation.isPaginated) {
    promise(name, "invalid_request", "a limit that is none", async () => {
      for (const limit of ["0", "-1", "101", "1.5", "abc", "1e1e1", "", "%00"]) {
        assertRefused(await attempt(operation, {}, `?limit=${limit}`), "invalid_request", limit);
      }
      assertRefused(await attempt(operation, {}, "?limit=1&limit=2"), "invalid_request", "twice");
    });
  }

  if (operation.method === "POST" && operation.auth !== "public") {
    promise(name, "invalid_request", "an Idempotency-Key that is none", async () => {
      const json = operation.hasBody ? await sampleBody(operation, await fileWorld()) : undefined;
      for (const key of ["", "with space", "x".repeat(256), "ümlaut"]) {
        const headers = { "idempotency-key": Buffer.from(key).toString("latin1") };
        const answer = await attempt(operation, json === undefined ? { headers } : { json, headers });
        assertRefused(answer, "invalid_request", key);
      }
    });
  }

  promise(name, "method_not_allowed", "a method that its path does not have", async () => {
    const methods = operationList.filter(({ path }) => path === operation.path).map(({ method }) => String(method));
    const other = ["PUT", "PATCH", "DELETE", "POST", "GET"].find((method) => !methods.includes(method));
    assert.ok(other !== undefined);
    const account = await fileAccount();
    const answer = await attempt(operation, { method: other, headers: bearer(account.key) });
    assertRefused(answer, "method_not_allowed");
    const allowed = (answer.headers["allow"] ?? "")
      .split(/, ?/)
      .filter((method) => !["HEAD", "OPTIONS"].includes(method));
    assert.deepEqual(allowed.toSorted(), methods.toSorted());
  });
}

/** Values that no field of that kind takes. */
function wrongFor(value: unknown): readonly unknown[] {
  const never = [{ surprise: true }, [[[]]]];
  if (typeof value === "string") return [...never, 12, true, "x".repeat(5_000)];
  // A fraction may be below zero: where it ends is each field's own.
  if (typeof value === "number" && !Number.isInteger(value)) return [...never, String(value), true, 1e300];
  if (typeof value === "number") return [...never, String(value), true, 1.5, -1, 1e300];
  if (typeof value === "boolean") return [...never, "true", 1, null];
  if (Array.isArray(value)) return [...never, "text", 12, [12], null];
  return [[[]], "text", 12, true];
}

behaviour("a path that is not valid percent-encoding is told so", async () => {
  const account = await fileAccount();
  assertRefused(await account.ask("GET", "/v1/studios/%E0%A4%A"), "invalid_request");
  assertRefused(await account.ask("GET", "/v1/studios/%00"), "not_found");
});

behaviour("what was refused has left nothing", async () => {
  const world = await fileWorld();
  const studios = await world.account.ask("GET", "/v1/studios");
  assert.deepEqual(
    [...studios.text.matchAll(/"id":"(std_\w+)"/g)].map((match) => match[1]),
    [await world.idOf("studios")],
  );
});

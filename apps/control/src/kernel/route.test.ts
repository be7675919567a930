import assert from "node:assert/strict";
import { test } from "node:test";
import { mount } from "./mount.ts";
import type { Mount } from "./mount.ts";
import { operationNames, routesOf } from "./route.ts";

const health = mount("public", { getHealth: () => ({ status: "ok" as const, writeEnabled: true }) });

test("a server with an operation left out does not start", () => {
  assert.throws(() => routesOf([health]), /not mounted: .*getOpenApi, getMe, listStudios/);
  assert.equal(routesOf([health], ["getHealth"]).length, 1);
});

test("a server with an operation mounted twice does not start", () => {
  assert.throws(() => routesOf([health, health], []), /getHealth is mounted twice/);
});

test("a server with an operation under another scope does not start", () => {
  const wrong: Mount = { access: "studios:read", handlers: health.handlers };
  assert.throws(() => routesOf([wrong], []), /getHealth is mounted under "studios:read", the contract says "public"/);
  // @ts-expect-error The compiler says so first.
  mount("studios:read", { getHealth: () => ({ status: "ok" as const, writeEnabled: true }) });
  // @ts-expect-error A handler of a public operation has no principal.
  mount("public", { getHealth: ({ principal }) => ({ status: "ok", writeEnabled: principal !== null }) });
});

test("every operation of the contract has a path Fastify understands", () => {
  assert.ok(operationNames().length > 20);
  const [route] = routesOf([mount("studios:read", { getStudio: () => Promise.reject(new Error("never called")) })], []);
  assert.equal(route?.url, "/v1/studios/:id");
});

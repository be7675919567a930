import assert from "node:assert/strict";
import { test } from "node:test";
import { findCycles } from "./cycles.ts";
import { readImports } from "./imports.ts";
import { brokenRules } from "./rules.ts";

const slices = "apps/control/src/features";

test("every kind of import is seen, type-only ones included", () => {
  const source = `
    import type { A } from "./a.ts";
    import { b, type C } from "b";
    export * from "./c.ts";
    export type { D } from "./d.ts";
    const e = await import("./e.ts");
    type F = import("./f.ts").F;
    using resource = b();
    const text = "import x from './not-an-import.ts'";
  `;
  assert.deepEqual(readImports("x.ts", source).toSorted(), ["./a.ts", "./c.ts", "./d.ts", "./e.ts", "./f.ts", "b"]);
});

for (const [from, to] of [
  ["contract/src/studio.ts", "foundation/src/ids.ts"],
  ["foundation/src/ids.ts", "contract/src/index.ts"],
  ["media-protocol/src/index.ts", "contract/src/index.ts"],
  ["apps/control/src/kernel/db.ts", `${slices}/studios/index.ts`],
  ["apps/control/src/kernel/db.ts", "media-protocol/src/index.ts"],
  [`${slices}/studios/logic.ts`, "apps/control/src/app.ts"],
  [`${slices}/studios/logic.ts`, `${slices}/sources/sql.ts`],
  [`${slices}/studios/logic.ts`, "media-protocol/src/index.ts"],
  [`${slices}/studios/logic.ts`, `${slices}/webhooks/index.ts`],
  ["apps/control/src/app.ts", `${slices}/studios/routes.ts`],
  ["apps/media/src/agent/agent.ts", "contract/src/index.ts"],
  ["apps/media/src/agent/agent.ts", "apps/control/src/app.ts"],
  ["apps/media/src/agent/agent.ts", "npm:node-av"],
  ["apps/web/src/main.tsx", "foundation/src/ids.ts"],
  ["acceptance/studios.test.ts", "apps/control/src/app.ts"],
  ["apps/launcher/src/main.ts", "apps/control/src/admin.ts"],
  ["apps/media/src/agent/agent.ts", "apps/media/src/agent/agent.test.ts"],
] as const)
  test(`${from} may not import ${to}`, () => assert.notDeepEqual(brokenRules(from, to), []));

for (const [from, to] of [
  ["contract/src/studio.ts", "contract/src/field.ts"],
  ["contract/src/studio.ts", "npm:zod"],
  ["media-protocol/src/index.ts", "foundation/src/ids.ts"],
  [`${slices}/studios/logic.ts`, `${slices}/studios/sql.ts`],
  [`${slices}/studios/logic.ts`, `${slices}/sources/index.ts`],
  [`${slices}/studios/logic.ts`, "apps/control/src/kernel/db.ts"],
  [`${slices}/broadcast/logic.ts`, "media-protocol/src/index.ts"],
  ["apps/control/src/app.ts", `${slices}/webhooks/index.ts`],
  ["apps/media/src/ffmpeg/mux.ts", "npm:node-av"],
  ["apps/media/src/agent/agent.test.ts", "tools/peers/src/index.ts"],
  ["acceptance/studios.test.ts", "contract/src/index.ts"],
] as const)
  test(`${from} may import ${to}`, () => assert.deepEqual(brokenRules(from, to), []));

test("a cycle is found however long it is, and a diamond is none", () => {
  const diamond = new Map([
    ["a", ["b", "c"]],
    ["b", ["d"]],
    ["c", ["d"]],
    ["d", []],
  ]);
  assert.deepEqual(findCycles(diamond), []);
  const cycle = new Map([...diamond, ["d", ["e"]], ["e", ["b"]]]);
  assert.deepEqual(
    findCycles(cycle).map((group) => group.toSorted()),
    [["b", "d", "e"]],
  );
});

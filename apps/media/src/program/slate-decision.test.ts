import assert from "node:assert/strict";
import { test } from "node:test";
import { decideSlate, type SlateQuestion } from "./slate-decision.ts";

function decide(online: readonly string[], change: Partial<SlateQuestion> = {}): string {
  const decision = decideSlate({
    shown: ["a", "b"],
    hasOtherLayers: true,
    fallbackSourceIds: [],
    isOnline: (sourceId) => online.includes(sourceId),
    ...change,
  });
  return decision.show === "source" ? decision.sourceId : decision.show;
}

test("a scene stays while one of its sources is there", () => {
  assert.equal(decide(["a"]), "scene");
  assert.equal(decide(["b"], { fallbackSourceIds: ["a"] }), "scene");
});

test("with all of them gone the first fallback that is there is shown, else the slate", () => {
  assert.equal(decide(["c"]), "slate");
  assert.equal(decide(["d", "c"], { fallbackSourceIds: ["x", "c", "d"] }), "c");
  assert.equal(decide([], { fallbackSourceIds: ["c"] }), "slate");
});

test("a scene without sources is never gone, unless it has nothing else", () => {
  assert.equal(decide([], { shown: [] }), "scene");
  assert.equal(decide(["z"], { shown: [], hasOtherLayers: false }), "slate");
});

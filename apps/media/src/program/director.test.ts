import assert from "node:assert/strict";
import { test } from "node:test";
import type { SceneContent } from "@trax/media-protocol";
import { Director } from "./director.ts";
import { Graphics } from "./graphics/graphics.ts";
import { solo } from "./testing/program-worker.ts";

const canvas = { width: 320, height: 180, frameRate: 10 };
const sources = ["a", "b", "c"].map((sourceId) => ({ sourceId, width: 320, height: 180, online: true }));

function open() {
  const director = new Director(canvas, new Graphics(canvas));
  let [number, at] = [0, 0];
  const update = (content: SceneContent, transition: "cut" | "fade", durationMs = 0) =>
    director.update({
      scene: { sceneId: "scn", content },
      take: { number, transition, durationMs },
      fallbackSourceIds: [],
    });
  return {
    take: (sourceId: string, durationMs = 0) => {
      number += 1;
      update(solo(sourceId), durationMs > 0 ? "fade" : "cut", durationMs);
    },
    edit: (sourceId: string) => update(solo(sourceId), "cut"),
    /** The next frame, as "a b:0.5": what is beneath, and what comes in above it. */
    look: (): string => {
      at += 100;
      const { composition } = director.look(at, sources);
      const of = (items: typeof composition.items) =>
        items.map((item) => (item.kind === "source" ? item.sourceId : item.kind)).join("+");
      const mixes = composition.mixes.map(({ items, opacity }) => `${of(items)}:${opacity.toFixed(1)}`);
      return [of(composition.items), ...mixes].join(" ");
    },
  };
}

test("a take during a fade goes on from what is seen", () => {
  const { take, look } = open();
  take("a");
  assert.equal(look(), "a");
  take("b", 400);
  assert.equal(look(), "a b:0.3");
  assert.equal(look(), "a b:0.5");
  take("c", 500);
  assert.equal(look(), "a b:0.8 c:0.2");
  assert.equal(look(), "b c:0.4");
  take("b", 500);
  assert.equal(look(), "b c:0.6 b:0.2");
  for (const seen of ["b c:0.8 b:0.4", "c b:0.6", "c b:0.8", "b", "b"]) assert.equal(look(), seen);
});

test("a cut ends every fade, an edit goes into the one that is coming in", () => {
  const { take, edit, look } = open();
  take("a");
  take("b", 1_000);
  assert.equal(look(), "a b:0.1");
  edit("c");
  assert.equal(look(), "a c:0.2");
  take("c");
  assert.equal(look(), "c");
  take("c", 1_000);
  assert.equal(look(), "c");
  for (const sourceId of ["a", "b", "a", "b", "a"]) take(sourceId, 1_000);
  assert.equal(look(), "b a:0.1 b:0.1 a:0.1");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProgramOverlay } from "@trax/media-protocol";
import type { DrawItem } from "../draw.ts";
import { layoutScene } from "../scene/layout.ts";
import { layer, scene } from "../scene/testing/content.ts";
import { Graphics } from "./graphics.ts";
import { remaining } from "./overlay-pictures.ts";

const canvas = { width: 320, height: 180 };
const noon = new Date("2026-11-22T12:00:00.000Z");

function overlay(id: string, type: ProgramOverlay["type"], given: Partial<ProgramOverlay> = {}): ProgramOverlay {
  return {
    id,
    type,
    visible: true,
    title: null,
    subtitle: null,
    text: null,
    assetId: null,
    url: null,
    until: null,
    position: null,
    ...given,
  };
}

type BitmapItem = Extract<DrawItem, { kind: "bitmap" }>;

function bitmaps(items: readonly DrawItem[]): BitmapItem[] {
  return items.flatMap((item) => (item.kind === "bitmap" ? [item] : []));
}

function first(items: readonly DrawItem[]): BitmapItem {
  const [item] = bitmaps(items);
  assert.ok(item);
  return item;
}

test("parts keep their order between the sources, and what has not changed keeps its bitmap", () => {
  const graphics = new Graphics(canvas);
  const sources = [{ sourceId: "a", width: 320, height: 180, online: true }];
  const layers = [
    layer({ id: "back", color: "#101010" }),
    layer({ id: "camera", type: "source", sourceId: "a" }),
    layer({ id: "words", type: "text", text: "hello", opacity: 0.5 }),
  ];
  const layout = layoutScene(scene({ layers }), canvas, sources);
  const items = graphics.sceneItems(layout);
  assert.deepEqual(
    items.map((item) => item.key),
    ["layer:back", "layer:camera", "layer:words"],
  );
  assert.equal(graphics.sceneItems(layout), items);
  const edited = layers.map((one) => (one.id === "words" ? { ...one, opacity: 1 } : one));
  const again = graphics.sceneItems(layoutScene(scene({ layers: edited }), canvas, sources));
  assert.deepEqual(
    bitmaps(again).map((item) => item.bitmap),
    bitmaps(items).map((item) => item.bitmap),
  );
  assert.equal(bitmaps(again)[1]?.bitmap, bitmaps(items)[1]?.bitmap);
  assert.equal(bitmaps(again)[1]?.opacity, 1);
  const other = layers.map((one) => (one.id === "words" ? { ...one, text: "bye" } : one));
  const changed = graphics.sceneItems(layoutScene(scene({ layers: other }), canvas, sources));
  assert.equal(bitmaps(changed)[0]?.bitmap, bitmaps(items)[0]?.bitmap);
  assert.notEqual(bitmaps(changed)[1]?.bitmap, bitmaps(items)[1]?.bitmap);
});

test("bitmaps never reach over the canvas, however large their box", () => {
  const graphics = new Graphics(canvas);
  const huge = { x: -2, y: -2, width: 4, height: 4 };
  const style = { ...layer({}).style, borderWidth: 0.1, background: "#ff0000", fontSize: 1 };
  const layers = [
    layer({ id: "color", color: "#101010", ...huge }),
    layer({ id: "text", type: "text", text: "hello ".repeat(300), ...huge, style }),
  ];
  for (const item of bitmaps(graphics.sceneItems(layoutScene(scene({ layers }), canvas, [])))) {
    assert.ok(item.x >= 0 && item.y >= 0);
    assert.ok(item.x + item.bitmap.width <= canvas.width && item.y + item.bitmap.height <= canvas.height);
    assert.equal(item.bitmap.data.length, item.bitmap.width * item.bitmap.height * 4);
  }
});

test("a colour that is none is drawn as the default, and no string reaches Skia", () => {
  const graphics = new Graphics(canvas);
  const layers = [layer({ color: "url(javascript:1)" }), layer({ id: "b", color: "#0F0" })];
  for (const item of bitmaps(graphics.sceneItems(layoutScene(scene({ layers }), canvas, []))))
    assert.deepEqual([...item.bitmap.data.subarray(0, 4)], [0, 0, 0, 255]);
});

test("overlays fade in and out over 300 ms with one bitmap, the first are there at once", () => {
  const graphics = new Graphics(canvas);
  const third = overlay("name", "lower-third", { title: "Ada", subtitle: "100 %" });
  graphics.setOverlays([third], 1_000);
  const shown = first(graphics.overlayItems(1_000, noon));
  assert.equal(shown.opacity, 1);
  graphics.setOverlays([{ ...third, visible: false }], 2_000);
  const half = first(graphics.overlayItems(2_150, noon));
  assert.equal(half.opacity, 0.5);
  assert.equal(half.bitmap, shown.bitmap);
  // Back again from where it is.
  graphics.setOverlays([third], 2_150);
  assert.equal(first(graphics.overlayItems(2_225, noon)).opacity, 0.75);
  assert.equal(first(graphics.overlayItems(2_300, noon)).opacity, 1);
  graphics.setOverlays([], 3_000);
  assert.equal(first(graphics.overlayItems(3_075, noon)).opacity, 0.75);
  // The same list again changes nothing.
  graphics.setOverlays([], 3_100);
  assert.equal(first(graphics.overlayItems(3_225, noon)).opacity, 0.25);
  assert.deepEqual(graphics.overlayItems(3_300, noon), []);
  graphics.setOverlays([third], 4_000);
  assert.deepEqual(graphics.overlayItems(4_000, noon), []);
  assert.equal(first(graphics.overlayItems(4_300, noon)).opacity, 1);
});

test("an overlay that keeps its id is changed at once", () => {
  const graphics = new Graphics(canvas);
  graphics.setOverlays([overlay("name", "lower-third", { title: "Ada" })], 0);
  const before = first(graphics.overlayItems(500, noon));
  graphics.setOverlays([overlay("name", "lower-third", { title: "Grace" })], 500);
  const after = first(graphics.overlayItems(500, noon));
  assert.equal(after.opacity, 1);
  assert.equal(after.key, before.key);
  assert.notEqual(after.bitmap, before.bitmap);
});

test("every kind of overlay lies on the canvas where it was asked for", () => {
  for (const size of [canvas, { width: 180, height: 320 }]) {
    const graphics = new Graphics(size);
    for (const position of [
      null,
      "top-left",
      "top-right",
      "bottom-left",
      "bottom-right",
      "top",
      "bottom",
      "center",
    ] as const) {
      for (const given of [
        overlay("a", "lower-third", { title: "x".repeat(2_000), subtitle: "word ".repeat(400) }),
        overlay("b", "lower-third", { subtitle: "only this" }),
        overlay("c", "countdown", { title: "word ".repeat(400), until: "2026-11-23T11:00:00Z" }),
        overlay("d", "clock"),
      ]) {
        graphics.setOverlays([{ ...given, position }], 0);
        const { x, y, bitmap } = first(graphics.overlayItems(10_000, noon));
        assert.ok(x >= 0 && y >= 0 && x + bitmap.width <= size.width && y + bitmap.height <= size.height);
        if (position === "top-left") assert.deepEqual([x, y], [10, 10]);
        graphics.setOverlays([], 20_000);
        assert.deepEqual(graphics.overlayItems(20_300, noon), []);
      }
    }
  }
});

test("a clock shows the time of its zone", () => {
  const shown = (timeZone: string | null, at: Date) => {
    const graphics = new Graphics(canvas);
    graphics.setOverlays([overlay("clock", "clock", { timeZone })], 0);
    return first(graphics.overlayItems(0, at)).bitmap;
  };
  const [summer, winter] = [new Date("2026-07-01T10:00:00Z"), new Date("2026-12-01T11:00:00Z")];
  assert.deepEqual(shown("Europe/Berlin", summer), shown("Etc/GMT-12", new Date("2026-07-01T00:00:00Z")));
  assert.deepEqual(shown("Europe/Berlin", summer), shown("Europe/Berlin", winter));
  assert.notDeepEqual(shown("Europe/Berlin", summer), shown("Asia/Kathmandu", summer));
  assert.deepEqual(shown("Nowhere/City", summer), shown(null, summer));
});

test("a clock and a countdown are drawn once a second", () => {
  const graphics = new Graphics(canvas);
  const until = new Date(noon.getTime() + 2_000).toISOString();
  graphics.setOverlays([overlay("clock", "clock"), overlay("count", "countdown", { until })], 0);
  const at = (ms: number): readonly (BitmapItem["bitmap"] | undefined)[] =>
    bitmaps(graphics.overlayItems(ms, new Date(noon.getTime() + ms))).map((item) => item.bitmap);
  const [clock, countdown] = at(1);
  assert.deepEqual(at(999), [clock, countdown]);
  assert.equal(at(999)[0], clock);
  assert.equal(at(999)[1], countdown);
  assert.notEqual(at(1_001)[0], clock);
  assert.notEqual(at(1_001)[1], countdown);
  const [, over] = at(2_000);
  assert.equal(at(60_000)[1], over);
  assert.equal(remaining(-5), "0:00");
  assert.equal(remaining(1), "0:01");
  assert.equal(remaining(59_001), "1:00");
  assert.equal(remaining(3_723_000), "1:02:03");
});

test("a ticker moves steadily, starts outside, comes again, and never makes a bitmap wider than the canvas", () => {
  for (const text of ["News: 50 % ".repeat(180), "خبر عاجل ".repeat(100), "short"]) {
    const graphics = new Graphics(canvas);
    graphics.setOverlays([overlay("news", "ticker", { text })], 0);
    const seen = new Map<string, { x: number; bitmap: unknown }>();
    let rounds = 0;
    let lastX = Infinity;
    for (let frame = 0; frame < 6_000; frame++) {
      const strips = bitmaps(graphics.overlayItems((frame * 1_000) / 30, noon)).filter(
        (item) => !item.key.endsWith(":bar"),
      );
      assert.ok(strips.length <= 2);
      if (frame === 0) assert.equal(strips.length, 0);
      const strip = strips.find((item) => item.key === "overlay:news:0")?.x ?? Infinity;
      if (strip !== Infinity && Math.abs(strip - lastX) > canvas.width / 2) rounds++;
      lastX = strip;
      for (const { key, x, bitmap } of strips) {
        assert.ok(bitmap.width <= canvas.width);
        assert.ok(x < canvas.width && x + bitmap.width > 0);
        const before = seen.get(key);
        if (before !== undefined && before.bitmap === bitmap && Math.abs(x - before.x) < canvas.width)
          assert.equal(Math.abs(x - before.x), 2, `${key} at frame ${frame}`);
        seen.set(key, { x, bitmap });
      }
    }
    assert.ok(rounds > 1);
  }
});

test("the slate covers the canvas, with its own text or one for all", () => {
  const graphics = new Graphics(canvas);
  const [back, text] = bitmaps(graphics.slateItems());
  assert.ok(back && text);
  assert.deepEqual([back.x, back.y, back.bitmap.width, back.bitmap.height], [0, 0, 320, 180]);
  assert.deepEqual([...back.bitmap.data.subarray(0, 4)], [0x14, 0x16, 0x1f, 255]);
  assert.equal(graphics.slateItems(), graphics.slateItems());
  graphics.setSlate({ assetId: null, text: "Pause: 5 %", color: "#ff0000" }, "unused");
  const [red, own] = bitmaps(graphics.slateItems());
  assert.deepEqual([...(red?.bitmap.data.subarray(0, 4) ?? [])], [255, 0, 0, 255]);
  assert.notDeepEqual(own?.bitmap, text.bitmap);
  graphics.setSlate({ assetId: null, text: "", color: "#ff0000" });
  assert.equal(graphics.slateItems().length, 1);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SceneContent, SceneLayer, ScenePreset } from "@trax/media-protocol";
import type { PixelBox } from "../draw.ts";
import { type ScenePart, type SceneSource, layoutScene, shownSources } from "./layout.ts";
import { imageUrls } from "./images.ts";
import { layer, scene } from "./testing/content.ts";

const wide = { width: 1280, height: 720 };
const tall = { width: 1080, height: 1920 };

function source(sourceId: string, more: Partial<SceneSource> = {}): SceneSource {
  return { sourceId, width: 1280, height: 720, online: true, ...more };
}

const six = ["a", "b", "c", "d", "e", "f"].map((id) => source(id));

function preset(name: ScenePreset, ...slots: (string | null)[]): SceneContent {
  return scene({ preset: name, slots: slots.map((sourceId) => ({ sourceId })) });
}

function boxes(parts: readonly ScenePart[]): Record<string, PixelBox> {
  return Object.fromEntries(parts.flatMap((part) => (part.kind === "source" ? [[part.sourceId, part.box]] : [])));
}

function box(x: number, y: number, width: number, height: number): PixelBox {
  return { x, y, width, height };
}

function layers(...given: Partial<SceneLayer>[]): SceneContent {
  return scene({ layers: given.map((one, index) => layer({ id: String(index), ...one })) });
}

const shapes: readonly [string, SceneContent | null, number, Record<string, PixelBox>, Record<string, PixelBox>][] = [
  ["solo", preset("solo", "a", "b"), 6, { a: box(0, 0, 1280, 720) }, { a: box(0, 0, 1080, 1920) }],
  [
    "side by side",
    preset("side-by-side", "a", "b", "c"),
    6,
    { a: box(0, 0, 640, 720), b: box(640, 0, 640, 720) },
    { a: box(0, 0, 1080, 960), b: box(0, 960, 1080, 960) },
  ],
  [
    "picture in picture",
    preset("picture-in-picture", "a", "b"),
    6,
    { a: box(0, 0, 1280, 720), b: box(874, 482, 384, 216) },
    { a: box(0, 0, 1080, 1920), b: box(724, 1706, 324, 182) },
  ],
  [
    "grid",
    preset("grid", "a", "b", "c", "d"),
    6,
    { a: box(0, 0, 640, 360), b: box(640, 0, 640, 360), c: box(0, 360, 640, 360), d: box(640, 360, 640, 360) },
    { a: box(0, 0, 1080, 480), b: box(0, 480, 1080, 480), c: box(0, 960, 1080, 480), d: box(0, 1440, 1080, 480) },
  ],
  [
    "grid with an incomplete row",
    preset("grid", "a", "b", "c"),
    6,
    { a: box(0, 0, 640, 360), b: box(640, 0, 640, 360), c: box(320, 360, 640, 360) },
    { a: box(0, 0, 1080, 640), b: box(0, 640, 1080, 640), c: box(0, 1280, 1080, 640) },
  ],
  [
    "focus",
    preset("focus", "a", "b", "c"),
    6,
    { a: box(0, 0, 960, 720), b: box(960, 0, 320, 180), c: box(960, 180, 320, 180) },
    { a: box(0, 0, 1080, 1440), b: box(0, 1440, 270, 480), c: box(270, 1440, 270, 480) },
  ],
  ["automatic, one source", null, 1, { a: box(0, 0, 1280, 720) }, { a: box(0, 0, 1080, 1920) }],
  [
    "automatic, two sources",
    null,
    2,
    { a: box(0, 0, 640, 720), b: box(640, 0, 640, 720) },
    { a: box(0, 0, 1080, 960), b: box(0, 960, 1080, 960) },
  ],
  [
    "automatic, three sources",
    null,
    3,
    { a: box(0, 0, 640, 360), b: box(640, 0, 640, 360), c: box(320, 360, 640, 360) },
    { a: box(0, 0, 1080, 640), b: box(0, 640, 1080, 640), c: box(0, 1280, 1080, 640) },
  ],
  ["nothing online", null, 0, {}, {}],
];

for (const [name, content, count, onWide, onTall] of shapes) {
  test(`${name}: each source has its place on wide and tall canvases`, () => {
    assert.deepEqual(boxes(layoutScene(content, wide, six.slice(0, count)).parts), onWide);
    assert.deepEqual(boxes(layoutScene(content, tall, six.slice(0, count)).parts), onTall);
  });
}

test("no preset stretches a picture, leaves the canvas, or makes boxes meet", () => {
  for (const canvas of [wide, tall, { width: 320, height: 180 }, { width: 426, height: 240 }]) {
    for (const name of ["solo", "side-by-side", "grid", "focus", "picture-in-picture"] as const) {
      for (let count = 1; count <= 16; count++) {
        const sources = Array.from({ length: count }, (_, index) => source(`s${index}`));
        const content = preset(name, ...sources.map((one) => one.sourceId));
        const { parts } = layoutScene(content, canvas, sources);
        const seen = parts.flatMap((part) => (part.kind === "source" ? [part] : []));
        for (const part of seen) {
          assert.ok(part.box.x >= 0 && part.box.y >= 0, `${name} ${count}`);
          assert.ok(part.box.x + part.box.width <= canvas.width && part.box.y + part.box.height <= canvas.height);
          assert.ok([part.box.x, part.box.y, part.box.width, part.box.height].every((side) => side % 2 === 0));
          assert.notEqual(part.fit, "fill");
        }
        if (name === "picture-in-picture") continue;
        for (const a of seen)
          for (const b of seen)
            assert.ok(
              a === b ||
                a.box.x + a.box.width <= b.box.x ||
                b.box.x + b.box.width <= a.box.x ||
                a.box.y + a.box.height <= b.box.y ||
                b.box.y + b.box.height <= a.box.y,
              `${name} ${count}: ${a.key} over ${b.key}`,
            );
      }
    }
  }
});

test("an inset hugs an upright picture, in its corner", () => {
  const { parts } = layoutScene(preset("picture-in-picture", "a", "b"), wide, [
    source("a"),
    source("b", { width: 720, height: 1280 }),
  ]);
  assert.deepEqual(boxes(parts)["b"], box(1136, 482, 122, 216));
});

test("empty slots stay empty, and sources that the studio does not have are left out", () => {
  const content = preset("grid", null, "a", "gone", "b");
  assert.deepEqual(boxes(layoutScene(content, wide, six).parts), {
    a: box(640, 0, 640, 360),
    b: box(640, 360, 640, 360),
  });
  assert.deepEqual(layoutScene(preset("grid"), wide, six).parts, []);
});

test("a source that is not online keeps its place in a scene, and has none in the automatic one", () => {
  const sources = [source("a"), source("b", { online: false })];
  assert.deepEqual(Object.keys(boxes(layoutScene(preset("side-by-side", "a", "b"), wide, sources).parts)), ["a", "b"]);
  assert.deepEqual(boxes(layoutScene(null, wide, sources).parts), { a: box(0, 0, 1280, 720) });
});

test("layers are drawn by z, equal ones in their order, hidden ones not", () => {
  const { parts } = layoutScene(
    layers(
      { type: "color", color: "#111111", z: 1 },
      { type: "color", color: "#222222", z: -1 },
      { type: "color", color: "#333333", z: 1 },
      { type: "color", color: "#444444", visible: false },
      { type: "color", color: "#555555", opacity: 0 },
      { type: "color", color: "#666666", z: -1 },
    ),
    wide,
    [],
  );
  assert.deepEqual(
    parts.map((part) => part.key),
    ["layer:1", "layer:5", "layer:0", "layer:2"],
  );
});

test("a layer's box, fit, crop and opacity are passed on in pixels, over the edges too", () => {
  const crop = { left: 0.1, top: 0.2, right: 0.3, bottom: 0.4 };
  const { parts } = layoutScene(
    layers({
      type: "source",
      sourceId: "a",
      x: -0.5,
      y: 0.5,
      width: 2,
      height: 0.75,
      fit: "cover",
      crop,
      opacity: 0.4,
    }),
    wide,
    six,
  );
  assert.deepEqual(parts, [
    {
      kind: "source",
      key: "layer:0",
      sourceId: "a",
      box: box(-640, 360, 2560, 540),
      fit: "cover",
      crop,
      opacity: 0.4,
      radius: 0,
      background: null,
    },
  ]);
});

test("a border lies over the picture's edge, padding draws the picture in from both", () => {
  const style = { borderRadius: 0.05, borderWidth: 0.01, borderColor: "#ffcc00", background: "#0000ff" };
  const at = { type: "source", sourceId: "a", x: 0.1, y: 0.1, width: 0.5, height: 0.5 } as const;
  const [plain, border] = layoutScene(layers({ ...at, style: { ...layer({}).style, ...style } }), wide, six).parts;
  assert.ok(plain?.kind === "source" && border?.kind === "border");
  assert.deepEqual([plain.box, plain.radius, plain.background], [box(128, 72, 640, 360), 36, "#0000ff"]);
  assert.deepEqual([border.box, border.radius, border.width], [box(128, 72, 640, 360), 36, 7]);
  const padded = layoutScene(layers({ ...at, style: { ...layer({}).style, ...style, padding: 0.02 } }), wide, six);
  const [behind, inner, over] = padded.parts;
  assert.ok(behind?.kind === "color" && inner?.kind === "source" && over?.kind === "border");
  assert.deepEqual([behind.box, behind.color, behind.radius], [box(128, 72, 640, 360), "#0000ff", 36]);
  assert.deepEqual([inner.box, inner.radius, inner.background], [box(149, 93, 598, 318), 15, null]);
});

test("what a text layer says and how, with its background behind", () => {
  const { parts } = layoutScene(
    layers({
      type: "text",
      text: "50 %",
      style: { ...layer({}).style, background: "#000000", padding: 0.01, fontSize: 0.1 },
    }),
    wide,
    [],
  );
  const [behind, text] = parts;
  assert.equal(behind?.kind, "color");
  assert.ok(text?.kind === "text");
  assert.deepEqual([text.text, text.box, text.style.fontSize], ["50 %", box(7, 7, 1266, 706), 72]);
});

test("the sources a scene means to show: each once, online or not", () => {
  const sources = [source("a"), source("b", { online: false }), source("c")];
  assert.deepEqual(shownSources(null, sources), ["a", "c"]);
  assert.deepEqual(shownSources(preset("solo", "b", "a"), sources), ["b"]);
  assert.deepEqual(shownSources(preset("grid", "b", null, "a", "b"), sources), ["b", "a"]);
  const content = layers(
    { type: "source", sourceId: "a", z: 2 },
    { type: "media", sourceId: "c" },
    { type: "source", sourceId: "b", visible: false },
    { type: "source", sourceId: "a" },
    { type: "text", text: "a", sourceId: "b" },
  );
  assert.deepEqual(shownSources(content, sources), ["c", "a"]);
});

test("the images to have ready are those of visible layers and of overlays", () => {
  const content = layers({ type: "image", url: "data:1" }, { type: "image", url: "data:2", visible: false });
  const slate = { assetId: null, text: null, color: null };
  assert.deepEqual(imageUrls(content, [], slate), ["data:1"]);
  assert.deepEqual(imageUrls(preset("solo", "a"), [], slate), []);
  assert.deepEqual(imageUrls(null, [], { ...slate, url: "file:///a.png" }), ["file:///a.png"]);
});

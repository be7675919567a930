import assert from "node:assert/strict";
import { test } from "node:test";
import { GifDisposal, GifEncoder, createCanvas } from "@napi-rs/canvas";
import type { Bitmap } from "../draw.ts";
import { layoutScene } from "../scene/layout.ts";
import { layer, scene } from "../scene/testing/content.ts";
import { Graphics } from "./graphics.ts";

const canvas = { width: 320, height: 180 };

function picture(width: number, height: number, color: string, kind: "png" | "jpeg" | "webp" = "png"): string {
  const made = createCanvas(width, height);
  const context = made.getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, width, height);
  return `data:image/${kind};base64,${made.encodeSync(kind === "png" ? "webp" : kind, 100).toString("base64")}`;
}

function layoutOf(url: string, more: Parameters<typeof layer>[0] = {}): ReturnType<typeof layoutScene> {
  return layoutScene(scene({ layers: [layer({ type: "image", url, ...more })] }), canvas, []);
}

function pixel(bitmap: Bitmap, x: number, y: number): number[] {
  return [...bitmap.data.subarray((y * bitmap.width + x) * 4, (y * bitmap.width + x) * 4 + 4)];
}

function only(graphics: Graphics, url: string, more: Parameters<typeof layer>[0] = {}): Bitmap {
  const items = graphics.sceneItems(layoutOf(url, more));
  const [item] = items;
  assert.ok(items.length === 1 && item?.kind === "bitmap");
  return item.bitmap;
}

function near(actual: readonly number[], expected: readonly number[]): void {
  for (const [index, value] of expected.entries())
    assert.ok(Math.abs((actual[index] ?? -100) - value) <= 4, `${actual.join()} is not ${expected.join()}`);
}

test("PNG, JPEG, WebP and GIF images are drawn, an animated one by its first frame", async () => {
  const graphics = new Graphics(canvas);
  const encoder = new GifEncoder(32, 18);
  for (const red of [255, 0])
    encoder.addFrame(
      new Uint8Array(32 * 18 * 4).map((_, index) => (index % 4 === 0 ? red : index % 4 === 3 ? 255 : 0)),
      32,
      18,
      {
        delay: 100,
        disposal: GifDisposal.Keep,
      },
    );
  const png = createCanvas(32, 18);
  png.getContext("2d").fillStyle = "#ff0000";
  png.getContext("2d").fillRect(0, 0, 32, 18);
  const urls = [
    `data:image/png;base64,${png.encodeSync("png").toString("base64")}`,
    picture(32, 18, "#ff0000", "jpeg"),
    picture(32, 18, "#ff0000", "webp"),
    `data:image/gif;base64,${encoder.finish().toString("base64")}`,
  ];
  assert.deepEqual(await graphics.prepare(urls), []);
  for (const url of urls) near(pixel(only(graphics, url), 160, 90), [255, 0, 0, 255]);
  await graphics.close();
});

test("fit and crop", async () => {
  const graphics = new Graphics(canvas);
  const two = createCanvas(200, 100);
  const context = two.getContext("2d");
  context.fillStyle = "#ff0000";
  context.fillRect(0, 0, 100, 100);
  context.fillStyle = "#0000ff";
  context.fillRect(100, 0, 100, 100);
  const url = `data:image/png;base64,${two.encodeSync("png").toString("base64")}`;
  await graphics.prepare([url]);
  const contained = only(graphics, url);
  assert.equal(pixel(contained, 160, 5)[3], 0);
  near(pixel(contained, 40, 90), [255, 0, 0, 255]);
  near(pixel(contained, 280, 90), [0, 0, 255, 255]);
  near(pixel(only(graphics, url, { fit: "cover" }), 10, 5), [255, 0, 0, 255]);
  near(pixel(only(graphics, url, { fit: "fill" }), 310, 175), [0, 0, 255, 255]);
  const right = only(graphics, url, { fit: "fill", crop: { left: 0.5, top: 0, right: 0, bottom: 0 } });
  near(pixel(right, 10, 90), [0, 0, 255, 255]);
  await graphics.close();
});

test("what is corrupt, huge or no image is drawn as nothing, and said", async () => {
  const graphics = new Graphics(canvas);
  const good = picture(64, 64, "#00ff00");
  const bytes = Buffer.from(picture(300, 300, "#123456", "jpeg").split(",")[1] ?? "", "base64");
  // An 8K image: the header alone says so.
  const huge = Buffer.from("89504e470d0a1a0a0000000d4948445200001e00000010e0080600000000000000", "hex");
  const bad: [string, RegExp][] = [
    [`data:image/png;base64,${huge.toString("base64")}`, /7680x4320/],
    [`data:image/png;base64,${Buffer.from("\x89PNG\r\n\x1a\ngarbage").toString("base64")}`, /corrupt/],
    [`data:image/jpeg;base64,${bytes.subarray(0, 24).toString("base64")}`, /corrupt/],
    [`data:image/svg+xml;base64,${Buffer.from('<svg width="9" height="9"/>').toString("base64")}`, /corrupt|PNG/],
    [
      `data:image/webp;base64,${Buffer.from(good.split(",")[1] ?? "", "base64")
        .subarray(0, 60)
        .toString("base64")}`,
      /corrupt/,
    ],
    ["data:image/png;base64,", /data: URL/],
    ["http://127.0.0.1/x.png", /data: URL/],
    ["/etc/passwd", /data: URL/],
  ];
  const problems = await graphics.prepare([...bad.map(([url]) => url), good]);
  assert.equal(problems.length, bad.length);
  for (const [index, [url, reason]] of bad.entries()) {
    assert.match(problems[index]?.reason ?? "", reason);
    assert.deepEqual(graphics.sceneItems(layoutOf(url)), []);
  }
  near(pixel(only(graphics, good), 160, 90), [0, 255, 0, 255]);
  // Asked again, the same is said again.
  assert.equal((await graphics.prepare(bad.map(([url]) => url))).length, bad.length);
  await graphics.close();
});

test("pixels are straight: a half transparent red is full red at half alpha", async () => {
  const graphics = new Graphics(canvas);
  const half = createCanvas(8, 8);
  const context = half.getContext("2d");
  context.fillStyle = "rgba(255, 0, 0, 0.5)";
  context.fillRect(0, 0, 8, 8);
  const url = `data:image/png;base64,${half.encodeSync("png").toString("base64")}`;
  await graphics.prepare([url]);
  near(pixel(only(graphics, url, { fit: "fill" }), 160, 90), [255, 0, 0, 128]);
  await graphics.close();
});

test("an image that nobody waited for appears once it is there", async () => {
  const graphics = new Graphics(canvas);
  const url = picture(1, 1, "#0000ff");
  const layout = layoutOf(url);
  assert.deepEqual(graphics.sceneItems(layout), []);
  await graphics.prepare([url]);
  const items = graphics.sceneItems(layout);
  assert.equal(items.length, 1);
  assert.equal(graphics.sceneItems(layout), items);
  await graphics.close();
});

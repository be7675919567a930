import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AV_PIX_FMT_RGBA, AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG, AVCOL_SPC_BT709 } from "node-av/constants";
import { FFmpegError, Frame } from "node-av/lib";
import type { Bitmap, DrawItem, PixelBox } from "../program/draw.ts";
import { Compositor } from "./compositor.ts";
import type { Composition } from "./composition.ts";
import { settleColors } from "./picture-colors.ts";
import { SharedFrame } from "./shared-frame.ts";
import { solidYuv420 } from "./still-pixels.ts";

const canvas = { width: 320, height: 180, frameRate: 30 };
const whole = { x: 0, y: 0, width: 320, height: 180 };
const pictures = new Map<string, SharedFrame>();
let compositor: Compositor;
let tick = 0;

before(() => {
  for (const [name, width, height, color] of [
    ["red", 640, 360, "#ff0000"],
    ["blue", 320, 180, "#0000ff"],
    ["green", 200, 200, "#00ff00"],
    ["dot", 1, 1, "#ffffff"],
    ["column", 1, 500, "#00ff00"],
  ] as const)
    pictures.set(name, picture(width, height, color));
  pictures.set("half", halfGreen());
});
after(() => {
  for (const each of pictures.values()) each.release();
});

function picture(width: number, height: number, color: string): SharedFrame {
  using view = Frame.fromVideoBuffer(solidYuv420(width, height, color), { width, height, format: AV_PIX_FMT_YUV420P });
  const frame = new Frame();
  frame.alloc();
  Object.assign(frame, { width, height, format: AV_PIX_FMT_YUV420P });
  FFmpegError.throwIfError(frame.getBuffer(), "make");
  FFmpegError.throwIfError(frame.copy(view), "fill");
  frame.colorRange = AVCOL_RANGE_MPEG;
  frame.colorSpace = AVCOL_SPC_BT709;
  return new SharedFrame(frame);
}

/** RGBA: nothing on the left, green on the right. */
function halfGreen(): SharedFrame {
  const size = { width: 64, height: 64, format: AV_PIX_FMT_RGBA };
  const pixels = Buffer.alloc(64 * 64 * 4);
  for (let at = 0; at < pixels.length; at += 4) if ((at / 4) % 64 >= 32) pixels.set([0, 255, 0, 255], at);
  using view = Frame.fromVideoBuffer(pixels, size);
  const frame = new Frame();
  frame.alloc();
  Object.assign(frame, size);
  FFmpegError.throwIfError(frame.getBuffer(), "make");
  FFmpegError.throwIfError(frame.copy(view), "fill");
  settleColors(frame, true);
  return new SharedFrame(frame);
}

function source(sourceId: string, change: Partial<Extract<DrawItem, { kind: "source" }>> = {}): DrawItem {
  return {
    kind: "source",
    key: sourceId,
    sourceId,
    box: whole,
    fit: "cover",
    opacity: 1,
    radius: 0,
    background: null,
    crop: { left: 0, top: 0, right: 0, bottom: 0 },
    ...change,
  };
}

function white(width: number, height: number): Bitmap {
  return { width, height, data: new Uint8Array(width * height * 4).fill(255) };
}

type Look = (x: number, y: number) => readonly [red: number, green: number, blue: number];

async function draw(composition: Partial<Composition>): Promise<Look> {
  tick += 1;
  const made = await compositor.compose(
    { items: [], mixes: [], overlays: [], ...composition },
    tick,
    (sourceId) => pictures.get(sourceId) ?? null,
  );
  assert.deepEqual([made.width, made.height, made.frame.format], [320, 180, AV_PIX_FMT_YUV420P]);
  assert.deepEqual([made.frame.colorSpace, made.frame.colorRange], [AVCOL_SPC_BT709, AVCOL_RANGE_MPEG]);
  const planes = made.frame.toBuffer();
  made.release();
  return (x, y) => {
    const chroma = 320 * 180 + (y >> 1) * 160 + (x >> 1);
    const luma = 1.1644 * (planes.readUInt8(y * 320 + x) - 16);
    const [u, v] = [planes.readUInt8(chroma) - 128, planes.readUInt8(chroma + 160 * 90) - 128];
    return [luma + 1.7927 * v, luma - 0.2132 * u - 0.5329 * v, luma + 2.1124 * u];
  };
}

function assertColor(look: Look, x: number, y: number, expected: readonly number[], tolerance = 6): void {
  const seen = look(x, y);
  const isNear = expected.every((value, index) => Math.abs(value - (seen[index] ?? 0)) <= tolerance);
  assert.ok(isNear, `at ${x},${y}: ${seen.map(Math.round).join()} rather than ${expected.join()}`);
}

const [red, green, blue, black] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [0, 0, 0],
] as const;

test("pictures, bitmaps and fades are drawn where and as they should", async (t) => {
  compositor = new Compositor(canvas);
  t.after(() => compositor.close());

  await t.test("nothing is black, and one picture fills the canvas", async () => {
    assertColor(await draw({}), 100, 100, black);
    const look = await draw({ items: [source("red")] });
    for (const [x, y] of [
      [0, 0],
      [319, 179],
    ] as const)
      assertColor(look, x, y, red);
  });

  await t.test(
    "a column of single pixels is cropped to fill, and so is the last pixel that a crop leaves",
    async () => {
      const crop = { left: 0.4999, top: 0.4999, right: 0.4999, bottom: 0.4999 };
      assertColor(await draw({ items: [source("column")] }), 160, 90, green);
      assertColor(await draw({ items: [source("column", { crop })] }), 160, 90, green);
    },
  );

  await t.test("contain leaves free what is behind, or its background", async () => {
    const look = await draw({ items: [source("red"), source("green", { fit: "contain" })] });
    assertColor(look, 20, 90, red);
    assertColor(look, 160, 90, green);
    const framed = await draw({ items: [source("red"), source("green", { fit: "contain", background: "#0000ff" })] });
    assertColor(framed, 20, 90, blue);
    assertColor(framed, 160, 90, green);
  });

  await t.test("what a picture leaves free itself is what is behind", async () => {
    const box: PixelBox = { x: 100, y: 40, width: 100, height: 100 };
    const look = await draw({ items: [source("red"), source("half", { box, fit: "fill" })] });
    assertColor(look, 125, 90, red);
    assertColor(look, 175, 90, green);
  });

  await t.test("opacity and round corners let through what is behind", async () => {
    const box: PixelBox = { x: 100, y: 40, width: 100, height: 100 };
    const look = await draw({ items: [source("red"), source("green", { box, radius: 40, opacity: 0.5 })] });
    assertColor(look, 102, 42, red);
    assertColor(look, 150, 90, [128, 128, 0]);
    assertColor(look, 90, 90, red);
  });

  await t.test("boxes reach over the edges, and pictures may be of one pixel", async () => {
    const over = source("green", { box: { x: -100, y: -100, width: 200, height: 200 } });
    const look = await draw({ items: [source("red"), over, source("dot", { box: { ...whole, x: 300 } })] });
    assertColor(look, 98, 98, green);
    assertColor(look, 104, 98, red);
    assertColor(look, 310, 90, [255, 255, 255]);
  });

  await t.test("a source without a picture shows its background, or nothing", async () => {
    const box: PixelBox = { x: 0, y: 0, width: 100, height: 100 };
    assertColor(await draw({ items: [source("red"), source("none", { box })] }), 50, 50, red);
    assertColor(await draw({ items: [source("red"), source("none", { box, background: "#00ff00" })] }), 50, 50, green);
  });

  await t.test("a fade mixes two scenes, and what is above both stays", async () => {
    const overlays: DrawItem[] = [{ kind: "bitmap", key: "w", bitmap: white(20, 20), x: 0, y: 0, opacity: 1 }];
    for (const opacity of [0.25, 0.5, 0.75]) {
      const look = await draw({ items: [source("red")], mixes: [{ items: [source("blue")], opacity }], overlays });
      assertColor(look, 100, 100, [255 * (1 - opacity), 0, 255 * opacity]);
      assertColor(look, 10, 10, [255, 255, 255]);
    }
  });

  await t.test("scenes above one another may name their layers alike", async () => {
    const title = (x: number): DrawItem => ({
      kind: "bitmap",
      key: "layer:title",
      bitmap: white(40, 40),
      x,
      y: 0,
      opacity: 0.5,
    });
    for (let frame = 0; frame < 3; frame += 1) {
      const mixes = [
        { items: [source("blue"), title(100)], opacity: 0.5 },
        { items: [source("green"), title(200)], opacity: 0.5 },
      ];
      const look = await draw({ items: [source("red"), title(0)], mixes });
      assertColor(look, 20, 20, [64, 159, 96]);
      assertColor(look, 120, 20, [96, 160, 64]);
      assertColor(look, 220, 20, [128, 128, 128]);
      assertColor(look, 300, 100, [64, 128, 64]);
    }
  });

  await t.test("a bitmap moves, fades, and may lie outside", async () => {
    const bitmap = white(31, 21);
    for (const [x, opacity] of [
      [-10, 1],
      [50, 1],
      [50.4, 0.5],
      [150, 0.25],
      [400, 1],
    ] as const) {
      const overlays: DrawItem[] = [{ kind: "bitmap", key: "w", bitmap, x, y: 10, opacity }];
      const look = await draw({ items: [source("blue")], overlays });
      const grey = 255 * opacity;
      if (x < 300) assertColor(look, Math.max(0, Math.round(x)) + 12, 20, [grey, grey, 255], 8);
      assertColor(look, 250, 20, blue);
    }
  });
});

test("what cannot be composed is an error, and the next frame is made all the same", async () => {
  compositor = new Compositor(canvas);
  const broken = (): never => {
    throw new Error("no picture today");
  };
  await assert.rejects(compositor.compose({ items: [source("red")], mixes: [], overlays: [] }, 1, broken), /today/);
  assertColor(await draw({ items: [source("blue")] }), 5, 5, blue);
  compositor.close();
  await assert.rejects(draw({}), /closed/);
});

test("whatever a picture says of its colours, it is drawn", async () => {
  for (let colorSpace = 0; colorSpace <= 20; colorSpace += 1) {
    const odd = picture(64, 36, "#00ff00");
    Object.assign(odd.frame, { colorSpace, colorRange: colorSpace % 4 });
    settleColors(odd.frame, false);
    const alone = new Compositor(canvas);
    const made = await alone.compose({ items: [source("odd")], mixes: [], overlays: [] }, 1, () => odd);
    made.release();
    odd.release();
    alone.close();
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { fitPicture } from "./fit.ts";

const canvas = { width: 320, height: 180 };
const whole = { x: 0, y: 0, width: 320, height: 180 };
const hd = { width: 1280, height: 720, pixelAspect: 1 };
const item = {
  kind: "source",
  key: "k",
  sourceId: "a",
  box: whole,
  fit: "contain",
  crop: { left: 0, top: 0, right: 0, bottom: 0 },
  opacity: 1,
  radius: 0,
  background: null,
} as const;

test("a picture of the box' shape fills it whole", () => {
  const fitted = fitPicture(item, hd, canvas);
  assert.deepEqual(fitted, { cut: null, width: 320, height: 180, pad: null, visible: whole, shape: whole });
});

test("contain keeps the shape, in the middle; with a background the rest of the box is that", () => {
  const square = { width: 500, height: 500, pixelAspect: 1 };
  assert.deepEqual(fitPicture(item, square, canvas)?.visible, { x: 70, y: 0, width: 180, height: 180 });
  const padded = fitPicture({ ...item, background: "#000000" }, square, canvas);
  assert.deepEqual(padded?.visible, whole);
  assert.deepEqual(padded.pad, { x: 70, y: 0, width: 320, height: 180 });
});

test("cover cuts off what is too much, fill does not mind the shape, pixels need not be square", () => {
  const tall = { width: 360, height: 640, pixelAspect: 1 };
  const covered = fitPicture({ ...item, fit: "cover" }, tall, canvas);
  assert.deepEqual(covered?.cut, { x: 0, y: 218, width: 360, height: 203 });
  assert.deepEqual(covered.visible, whole);
  assert.equal(fitPicture({ ...item, fit: "fill" }, tall, canvas)?.cut, null);
  const pal = { width: 720, height: 576, pixelAspect: 64 / 45 };
  assert.equal(fitPicture(item, pal, canvas)?.cut, null);
  assert.deepEqual(fitPicture(item, pal, canvas)?.visible, whole);
});

test("a crop takes its part of each side", () => {
  const crop = { left: 0.25, top: 0, right: 0.25, bottom: 0.5 };
  assert.deepEqual(fitPicture({ ...item, crop, fit: "fill" }, hd, canvas)?.cut, {
    x: 320,
    y: 0,
    width: 640,
    height: 360,
  });
});

test("of a box over the edges what is on the canvas is scaled, and nothing where none of it is", () => {
  const far = { x: -320, y: -180, width: 960, height: 540 };
  const fitted = fitPicture({ ...item, box: far }, hd, canvas);
  assert.deepEqual(fitted?.visible, whole);
  assert.deepEqual(fitted.cut, { x: 426, y: 240, width: 427, height: 240 });
  assert.deepEqual(fitted.shape, far);
  assert.equal(fitPicture({ ...item, box: { ...whole, x: 320 } }, hd, canvas), null);
});

test("the smallest and the strangest pictures and boxes have sizes that can be drawn", () => {
  for (const picture of [1, 2, 3, 4096].flatMap((width) =>
    [1, 5, 2304].map((height) => ({ width, height, pixelAspect: 1 })),
  ))
    for (const box of [
      whole,
      { x: 10.3, y: 7.7, width: 0.1, height: 33.3 },
      { x: 318, y: 100, width: 400, height: 0.5 },
    ])
      for (const fit of ["contain", "cover", "fill"] as const) {
        const crop = { left: 0.49, top: 0.49, right: 0.49, bottom: 0.49 };
        const fitted = fitPicture({ ...item, box, fit, crop }, picture, canvas);
        if (fitted === null) continue;
        const { cut, visible, width, height } = fitted;
        assert.ok(width >= 2 && height >= 2 && visible.x >= 0 && visible.x + visible.width <= canvas.width);
        if (cut === null) continue;
        assert.ok(cut.width >= 1 && cut.height >= 1 && cut.x + cut.width <= picture.width, JSON.stringify(cut));
        assert.ok(cut.y + cut.height <= picture.height && cut.x % 2 === 0 && cut.y % 2 === 0, JSON.stringify(cut));
      }
});

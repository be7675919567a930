import assert from "node:assert/strict";
import { test } from "node:test";
import { compositionGraph, grid, pictureInPicture, whole } from "./composition.ts";

const canvas = { width: 1280, height: 720, frameRate: 30, videoBitrate: 4_500_000, audioBitrate: 160_000 };

test("a picture that covers the canvas has nothing behind it", () => {
  const graph = compositionGraph(pictureInPicture, canvas);
  assert.match(graph, /^\[0:v\]scale=1280:720:/);
  assert.match(graph, /\[1:v\]scale=384:216:/);
  assert.match(graph, /\[p0\]\[p1\]overlay=x=864:y=486:/);
  assert.doesNotMatch(graph, /color=/);
  assert.match(compositionGraph([whole], canvas), /\[p0\]fps=30\[v\]/);
});

test("a grid is laid on black", () => {
  const graph = compositionGraph(grid(2, 2), canvas);
  assert.match(graph, /color=black:s=1280x720/);
  assert.match(graph, /\[base\]\[p0\]overlay=x=0:y=0:/);
  assert.match(graph, /\[o2\]\[p3\]overlay=x=640:y=360:/);
  assert.match(graph, /amix=inputs=4/);
});

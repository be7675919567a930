import assert from "node:assert/strict";
import { test } from "node:test";
import { audioMix } from "./audio-mix.ts";
import { layer, scene } from "./scene/testing/content.ts";

const [camera, clip] = ["src_camera", "ast_clip"];
const heard = (...mix: Parameters<typeof audioMix>): readonly string[] =>
  audioMix(...mix).flatMap(({ sourceId, mute, audible }) => (audible && !mute ? [sourceId] : []));

test("with audio that follows video what is shown is heard, else every source, and a layer's clip only where it is shown", () => {
  for (const [content, shown, expected] of [
    [null, [camera], [camera]],
    [null, [], [camera]],
    [scene({}), [], []],
    [scene({}), [clip], [clip]],
    [scene({ audioFollowsVideo: false }), [], [camera]],
    [scene({ audioFollowsVideo: false }), [clip], [camera, clip]],
  ] as const)
    assert.deepEqual(heard(content, [camera, clip], shown), expected);
});

test("a source sounds as its scene says", () => {
  const audio = [{ sourceId: camera, gain: -6, mute: true, solo: true, delayMs: 40 }];
  const [mixed] = audioMix(scene({ audio }), [camera], [camera]);
  assert.deepEqual(mixed, { ...audio[0], audible: true });
});

test("a clip is muted where every layer that shows it is", () => {
  const shows = (muted: boolean, visible = true) => layer({ type: "media", sourceId: clip, muted, visible });
  for (const [layers, expected] of [
    [[shows(false)], [clip]],
    [[layer({ type: "media", sourceId: clip })], [clip]],
    [[shows(true)], []],
    [[shows(true), shows(false)], [clip]],
    [[shows(true), shows(false, false)], []],
  ] as const)
    assert.deepEqual(heard(scene({ layers }), [clip], [clip]), expected);
  // A source has its place in the scene's audio.
  const own = layer({ type: "media", sourceId: camera, muted: true });
  assert.deepEqual(heard(scene({ layers: [own] }), [camera], [camera]), [camera]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Composition } from "../ffmpeg/composition.ts";
import type { SharedFrame } from "../ffmpeg/shared-frame.ts";
import { greyPicture } from "../ffmpeg/testing/grey-picture.ts";
import type { Bitmap, DrawItem } from "./draw.ts";
import { FrameComposer } from "./frame-composer.ts";

const canvas = { width: 64, height: 36, frameRate: 20 };
const nothing: Composition = { items: [], mixes: [], overlays: [] };

function filled(grey: number): Composition {
  const bitmap: Bitmap = { width: 64, height: 36, data: new Uint8Array(64 * 36 * 4).fill(255) };
  for (let at = 0; at < bitmap.data.length; at += 1) if (at % 4 < 3) bitmap.data[at] = grey;
  return { ...nothing, items: [{ kind: "bitmap", key: String(grey), bitmap, x: 0, y: 0, opacity: 1 }] };
}

const broken: DrawItem = {
  kind: "source",
  key: "broken",
  sourceId: "broken",
  box: { x: 0, y: 0, width: 64, height: 36 },
  fit: "cover",
  crop: { left: 0, top: 0, right: 0, bottom: 0 },
  opacity: 1,
  radius: 0,
  background: null,
};

test("what cannot be drawn is held, then stood in for, tried again, and left for what can", async () => {
  const errors: unknown[] = [];
  const composer = new FrameComposer(canvas, (error) => errors.push(error));
  let [frame, isMended] = [0, false];
  const compose = async (composition: Composition): Promise<string> => {
    const pictureOf = () => {
      if (isMended) return null;
      throw new Error("no such picture");
    };
    const composed = await composer.compose({ frame, composition, standIn: filled(255), pictureOf });
    frame += 1;
    const shade = composed?.picture.frame.toBuffer().readUInt8(0) ?? 0;
    composed?.picture.release();
    return `${composed === null ? "none" : shade > 200 ? "stand-in" : shade > 100 ? "scene" : "black"}${composed?.isWhole === true ? "" : ", not whole"}`;
  };
  const bad = { ...nothing, items: [broken] };

  assert.equal(await compose(bad), "none, not whole");
  assert.equal(await compose(filled(140)), "scene");
  for (let held = 0; held < 5; held += 1) assert.equal(await compose(bad), "scene, not whole");
  for (let more = 0; more < 40; more += 1) assert.equal(await compose(bad), "stand-in, not whole");
  assert.ok(errors.length >= 7 && errors.length <= 10, `tried ${errors.length} times`);
  assert.ok(composer.isStandingIn(frame));

  assert.equal(await compose(filled(140)), "scene");
  assert.ok(!composer.isStandingIn(frame));
  for (let more = 0; more < 10; more += 1) await compose(bad);
  isMended = true;
  const seen: string[] = [];
  for (let more = 0; more < 25; more += 1) seen.push(await compose(bad));
  assert.ok(seen.includes("black"), seen.join("; "));
  composer.close();
});

test("a source that cannot be drawn is left out where another is seen, told of, and back as soon as it can be", async () => {
  const errors: unknown[] = [];
  const composer = new FrameComposer(canvas, (error) => errors.push(error));
  const [good, odd, mended] = [greyPicture("drawable"), greyPicture("undrawable"), greyPicture("drawable")];
  let second: SharedFrame = odd;
  let frame = 0;
  const left = { ...broken, sourceId: "good", box: { x: 0, y: 0, width: 32, height: 36 } };
  const right = { ...broken, sourceId: "odd", box: { x: 32, y: 0, width: 32, height: 36 } };
  const composition = { ...nothing, items: [left, right] };
  const compose = async (of: Composition): Promise<readonly [left: number, right: number, isWhole: boolean]> => {
    const pictureOf = (sourceId: string) => (sourceId === "good" ? good : second);
    const composed = await composer.compose({ frame, composition: of, standIn: filled(255), pictureOf });
    frame += 1;
    const planes = composed?.picture.frame.toBuffer();
    composed?.picture.release();
    return [planes?.readUInt8(10) ?? 0, planes?.readUInt8(50) ?? 0, composed?.isWhole ?? false];
  };
  for (let each = 0; each < 45; each += 1) assert.deepEqual(await compose(composition), [128, 16, true]);
  assert.deepEqual([...composer.undrawable], ["odd"]);
  assert.equal(errors.length, 3, "it is tried again now and then");
  second = mended;
  const seen: number[] = [];
  for (let each = 0; each < 25; each += 1) seen.push((await compose(composition))[1]);
  assert.equal(seen.at(-1), 128);
  assert.equal(composer.undrawable.size, 0);

  // Nothing else is seen: the stand-in.
  second = odd;
  const alone = { ...nothing, items: [right] };
  for (let each = 0; each < 10; each += 1) await compose(alone);
  assert.deepEqual(await compose(alone), [235, 235, false]);
  assert.deepEqual([...composer.undrawable], ["odd"]);
  composer.close();
  for (const picture of [good, odd, mended]) picture.release();
});

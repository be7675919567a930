import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonObjects } from "./json-objects.ts";

const most = 1_000;

test("objects are found however the text is cut, in an array or in a row", () => {
  const objects = [{ a: '}"{\\' }, { b: { c: [{}, "]"] } }, { d: "é🎬" }];
  const texts = [
    JSON.stringify(objects),
    `[${JSON.stringify(objects[0])}`,
    objects.map((one) => JSON.stringify(one)).join("\r\n"),
  ];
  for (const [index, text] of texts.entries()) {
    for (const size of [1, 2, 7, text.length]) {
      const reader = new JsonObjects();
      const found: unknown[] = [];
      for (let at = 0; at < text.length; at += size) found.push(...reader.take(text.slice(at, at + size), most));
      assert.deepEqual(found, index === 1 ? objects.slice(0, 1) : objects, text);
    }
  }
});

test("what is no JSON, and what does not end, is refused", () => {
  assert.throws(() => new JsonObjects().take("{nonsense}", most), SyntaxError);
  assert.throws(() => new JsonObjects().take(`{"a":"${"x".repeat(most)}`, most), RangeError);
  assert.deepEqual(new JsonObjects().take("]}, <html>", most), []);
});

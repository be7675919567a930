import assert from "node:assert/strict";
import { test } from "node:test";
import { attachmentOf } from "./content-disposition.ts";

for (const [name, header] of [
  ["Opener 1.mp4", `attachment; filename="Opener 1.mp4"`],
  ["../../etc/passwd", `attachment; filename="___.._etc_passwd"`],
  ["..\\..\\boot.ini", `attachment; filename="___.._boot.ini"`],
  [".bashrc", `attachment; filename="_bashrc"`],
  [`a";b=c`, `attachment; filename="a_;b=c"; filename*=UTF-8''a%22%3Bb%3Dc`],
  ["Füße (1)*'.png", `attachment; filename="F__e (1)*'.png"; filename*=UTF-8''F%C3%BC%C3%9Fe%20%281%29%2A%27.png`],
  ["🎬.mp4", `attachment; filename="_.mp4"; filename*=UTF-8''%F0%9F%8E%AC.mp4`],
  ["100%.mp3", `attachment; filename="100_.mp3"; filename*=UTF-8''100%25.mp3`],
] as const)
  test(`${name} is told as ${header}`, () => {
    assert.equal(attachmentOf(name), header);
  });

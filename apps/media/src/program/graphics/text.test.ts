import assert from "node:assert/strict";
import { test } from "node:test";
import { fitText, type TextLook } from "./fit-text.ts";
import { fontFor } from "./fonts.ts";
import { drawLines, paint } from "./paint.ts";
import { drawable, isRightToLeft, unbreakable } from "./text-lines.ts";

const look: TextLook = { font: "sans-serif", weight: "normal", size: 24 };
const room = { width: 312, height: 180 };
const margin = 4;

function drawn(text: string, font = "sans-serif"): Uint8Array {
  const fitted = fitText(text, { ...look, font }, room);
  const box = { x: margin, y: 0, ...room };
  return paint(room.width + 2 * margin, room.height, (context) =>
    drawLines(context, fitted, box, { align: "center", verticalAlign: "middle" }, "#ffffff"),
  ).data;
}

/** How much is on the bitmap: the sum of its alpha. */
function ink(data: Uint8Array): number {
  return data.reduce((sum, value, index) => (index % 4 === 3 ? sum + value : sum), 0);
}

/** Whether ink lies beside the box; an italic's or an accent's last pixel may. */
function overflows(data: Uint8Array): boolean {
  const width = room.width + 2 * margin;
  return data.some((value, index) => {
    const x = ((index - 3) / 4) % width;
    return index % 4 === 3 && value > 0 && (x < margin - 2 || x >= width - margin + 2);
  });
}

const nasty = {
  percent: "100% sure %{pts} %%",
  quotes: `'single' "double" \u2019curly\u2019`,
  colons: "a:b:c [in]=x;y,z",
  backslashes: "\\ \\\\ \\n \\u0041",
  markup: "<b>&amp;</b> ${x} {{y}} $(z) `q`",
  latin: "Ăčćèñţş ß Œuvre",
  greekAndCyrillic: "Ελληνικά Українська",
  arabic: "مرحبا بالعالم",
  hebrew: "שלום עולם",
  mixed: "abc مرحبا 123 שלום def (1)",
  chinese: "你好世界，直播開始",
  japanese: "こんにちは世界 カタカナ",
  korean: "안녕하세요",
  hindi: "नमस्ते",
  thai: "สวัสดีครับ",
  bengaliAndTamil: "বাংলা தமிழ்",
  unknownScripts: "አማርኛ ᠮᠣᠩᠭᠣᠯ \u{12000}",
  emoji: "😀 👨‍👩‍👧 🇩🇪 ❤️ 👍🏽 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f} 1️⃣ #️⃣",
  combining: "e\u0301 Z\u0351\u036b\u0343\u036a\u0302a\u0327l\u0338g\u0334o\u0321",
  controls: "bell\u0007 nul\u0000 esc\u001b[31m del\u007f c1\u009b",
  lines: "one\r\ntwo\rthree\u2028four\tfive",
  loneSurrogates: "\ud83d alone \udc00",
  directions: "\u202eevil\u202c \u2066iso\u2069 \u200b\ufeff zero",
  unassigned: "\ufffe \u{10ffff} \ue000",
  longWord: "W".repeat(2_000),
  longText: "Breaking: 50 % of \\'everything\\' is fine. ".repeat(50).slice(0, 2_000),
  longThai: "สวัสดีครับ".repeat(200),
  manyLines: "x\n".repeat(1_000),
};

for (const [name, text] of Object.entries(nasty)) {
  for (const font of ["sans-serif", "monospace"]) {
    test(`${name} is drawn in ${font}, within its box`, () => {
      const data = drawn(text, font);
      assert.ok(ink(data) > 0);
      assert.ok(!overflows(data));
    });
  }
}

test("a font that is not shipped is drawn as the default, serif as itself", () => {
  assert.deepEqual(drawn("Hello", "No Such Font"), drawn("Hello"));
  assert.notDeepEqual(drawn("Hello", "serif"), drawn("Hello"));
});

test("signs that other renderers take for instructions are signs", () => {
  const plain = ink(drawn("a b"));
  for (const sign of ["%", ":", "\\", "'", '"', "{", "$", "\u0007", "\ud800"]) {
    assert.ok(ink(drawn(`a${sign}b`)) > plain, `${JSON.stringify(sign)} leaves ink`);
  }
  assert.notDeepEqual(drawn("%{n}"), drawn("%{e}"));
});

test("each script has glyphs of its own, and not one box for all", () => {
  for (const [a, b] of [
    ["你", "好"],
    ["한", "글"],
    ["न", "म"],
    ["ก", "ข"],
    ["ব", "ত"],
    ["த", "ம"],
    ["😀", "😎"],
    ["א", "ב"],
    ["Ж", "Ю"],
    ["①", "②"],
  ] as const) {
    assert.notDeepEqual(drawn(a), drawn(b));
  }
});

test("emoji are in colour", () => {
  const data = drawn("😀");
  assert.ok(data.some((value, index) => index % 4 === 0 && (data[index + 3] ?? 0) > 200 && value !== data[index + 2]));
});

test("Arabic letters take the shapes their neighbours ask for", () => {
  const joined = fitText("ببب", look, room).width;
  const apart = fitText("ب\u200cب\u200cب", look, room).width;
  assert.ok(joined < apart * 0.9, `${joined} against ${apart}`);
});

test("a text that is too long for its box is made smaller, then cut", () => {
  assert.equal(fitText("short", look, room).size, 24);
  const smaller = fitText("word ".repeat(60), look, room);
  assert.ok(smaller.size < 24 && smaller.size >= 12);
  assert.ok(smaller.height <= room.height && smaller.width <= room.width);
  assert.doesNotMatch(smaller.lines.at(-1)?.text ?? "", /…$/);
  const cut = fitText("word ".repeat(400), look, room);
  assert.equal(cut.size, 12);
  assert.ok(cut.height <= room.height && cut.width <= room.width);
  assert.match(cut.lines.at(-1)?.text ?? "", /…$/);
});

test("a box lower than one line gets one smaller line", () => {
  const { lines, height } = fitText("one two three four five six", look, { width: 100, height: 20 });
  assert.equal(lines.length, 1);
  assert.ok(height <= 20.5);
});

test("lines end between words, and where a script has no spaces between its words", () => {
  assert.deepEqual(unbreakable("Say «so it is», don't: (maybe) 3.5 %/x"), [
    "Say ",
    "«so ",
    "it ",
    "is», ",
    "don't: ",
    "(maybe) ",
    "3.5 ",
    "%/",
    "x",
  ]);
  assert.equal(unbreakable("你好世界。我们来了").length > 2, true);
  assert.ok(unbreakable("你好世界。我们来了").every((part) => !part.startsWith("。")));
  assert.ok(unbreakable("สวัสดีครับผม").length > 1);
});

test("the first letter decides which way a line reads", () => {
  assert.equal(isRightToLeft("123 שלום abc"), true);
  assert.equal(isRightToLeft("abc שלום"), false);
  assert.equal(isRightToLeft("123 %"), false);
});

test("what cannot be drawn is replaced by what can be seen", () => {
  assert.equal(drawable("a\u0007\ud800b"), "a□\ufffdb");
  assert.equal(drawable("1\r\n2\r3\u20284"), "1\n2\n3\n4");
  assert.equal(drawable("7️⃣"), "⑦");
});

test("only fonts that a text needs are asked for", () => {
  assert.equal(fontFor("Hello", "sans-serif", "bold", 20), 'bold 20.00px "trax-sans"');
  assert.equal(fontFor("Hello", "Comic Sans", "normal", 20), 'normal 20.00px "trax-sans"');
  assert.equal(fontFor("Hello", "serif", "normal", 20), 'normal 20.00px "trax-serif", "trax-sans"');
  assert.match(fontFor("你好 😀", "monospace", "normal", 20), /"trax-mono", "trax-emoji", "trax-sc-\d+"/);
});

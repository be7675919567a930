/** Texts made ready for drawing, and where their lines may be broken. */

const words = new Intl.Segmenter("und", { granularity: "word" });
const graphemes = new Intl.Segmenter("und", { granularity: "grapheme" });

/** Written without spaces: a line may end between any two words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const rightToLeft = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** An emoji that is no part of a sequence: without a sign after it, another font's plain drawing of it would come first. */
const lonelyEmoji =
  /(?<!\u200d)(?![\p{Regional_Indicator}\p{Emoji_Modifier}])\p{Emoji_Presentation}(?![\ufe0e\ufe0f\u200d\p{Emoji_Modifier}\u{e0020}-\u{e007f}])/gu;

/**
 * Any string as something that can be drawn: lone surrogates and control
 * characters become visible signs, emoji ask for their coloured form.
 */
export function drawable(text: string): string {
  return (
    text
      .toWellFormed()
      .replace(/\r\n?|[\u0085\u2028\u2029\v\f]/g, "\n")
      .replace(/\t/g, "    ")
      // oxlint-disable-next-line no-control-regex -- they are what is looked for
      .replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "\u25a1")
      // The emoji font has no keycaps.
      .replace(/([0-9])\ufe0f?\u20e3/g, (_, digit: string) =>
        "\u24ea\u2460\u2461\u2462\u2463\u2464\u2465\u2466\u2467\u2468".charAt(Number(digit)),
      )
      .replace(/([#*])\ufe0f?\u20e3/g, "$1")
      .replace(lonelyEmoji, "$&\ufe0f")
  );
}

/** Whether the text reads from the right: the first letter with a direction says so. */
export function isRightToLeft(text: string): boolean {
  const first = /[\p{L}]/u.exec(text)?.[0];
  return first !== undefined && rightToLeft.test(first);
}

export function splitGraphemes(text: string): string[] {
  return Array.from(graphemes.segment(text), ({ segment }) => segment);
}

/** The parts of one paragraph that no line break may go through, spaces kept at their end. */
export function unbreakable(paragraph: string): string[] {
  const parts: string[] = [];
  for (const { segment } of words.segment(paragraph)) {
    const last = parts.at(-1);
    if (last === undefined) parts.push(segment);
    else if (mayBreak(last, segment)) parts.push(segment);
    else parts[parts.length - 1] = last + segment;
  }
  return parts;
}

function mayBreak(before: string, after: string): boolean {
  if (/^\s/u.test(after)) return false;
  if (/\s$/u.test(before)) return true;
  if (/[\p{Ps}\p{Pi}"']$/u.test(before) || /^[\p{P}\p{M}]/u.test(after)) return false;
  return /[-\u2010\u2013\u2014/]$/u.test(before) || unspaced.test(before.slice(-2)) || unspaced.test(after.slice(0, 2));
}

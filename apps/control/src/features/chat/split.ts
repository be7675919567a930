import type { Capabilities } from "../connections/index.ts";

/** What is sent for one text: the most parts a text may become. */
const mostParts = 10;

/**
 * A text in parts that a platform takes, at spaces where there are some; null
 * where it is too long for it. Counted in characters (code points), and in
 * bytes of UTF-8 where the platform does.
 */
export function splitText(
  text: string,
  { longest, longestBytes, longer }: Pick<Capabilities["chat"], "longest" | "longestBytes" | "longer">,
): string[] | null {
  const left = Array.from(text.trim());
  const most = { characters: longest ?? Infinity, bytes: longestBytes ?? Infinity };
  if (fitting(left, most) === left.length) return [left.join("")];
  if (longer === "refuse") return null;
  const parts: string[] = [];
  while (left.length > 0) {
    if (parts.length === mostParts) return null;
    parts.push(
      left
        .splice(0, lengthOfPart(left, fitting(left, most)))
        .join("")
        .trim(),
    );
    while (left[0] !== undefined && left[0].trim() === "") left.shift();
  }
  return parts;
}

/** How many characters from its start a message may hold, at least one. */
function fitting(text: readonly string[], most: { readonly characters: number; readonly bytes: number }): number {
  let bytes = 0;
  for (const [index, character] of text.entries()) {
    bytes += Buffer.byteLength(character);
    if (index > 0 && (index === most.characters || bytes > most.bytes)) return index;
  }
  return text.length;
}

/** Up to the last space that leaves at least half of what fits. */
function lengthOfPart(text: readonly string[], longest: number): number {
  if (text.length <= longest) return text.length;
  for (let end = longest; end > longest / 2; end--) if (text[end]?.trim() === "") return end;
  return longest;
}

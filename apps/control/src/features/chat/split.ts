import type { Capabilities } from "../connections/index.ts";

/** What is sent for one text: the most parts a text may become. */
const mostParts = 10;

/**
 * A text in parts that a platform takes, at spaces where there are some; null
 * where it is too long for it. Counted in characters (code points).
 */
export function splitText(
  text: string,
  { longest, longer }: Pick<Capabilities["chat"], "longest" | "longer">,
): string[] | null {
  const left = Array.from(text.trim());
  if (longest === null || left.length <= longest) return [left.join("")];
  if (longer === "refuse") return null;
  const parts: string[] = [];
  while (left.length > 0) {
    if (parts.length === mostParts) return null;
    parts.push(left.splice(0, lengthOfPart(left, longest)).join("").trim());
    while (left[0] !== undefined && left[0].trim() === "") left.shift();
  }
  return parts;
}

/** Up to the last space that leaves at least half of what fits. */
function lengthOfPart(text: readonly string[], longest: number): number {
  if (text.length <= longest) return text.length;
  for (let end = longest; end > longest / 2; end--) if (text[end]?.trim() === "") return end;
  return longest;
}

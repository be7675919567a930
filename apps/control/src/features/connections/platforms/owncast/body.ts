import { Parser } from "htmlparser2";
import type { ChatEmote } from "../../platform.ts";

/** After these a new line begins. */
const blocks = new Set(["p", "br", "pre", "div", "li", "blockquote"]);

/**
 * The text of a message's body, which Owncast makes HTML of what was typed: links
 * and emphasis as their text, emoji that are pictures as their names.
 * @param base the instance's address, which the pictures' are relative to
 */
export function readBody(html: string, base: string): { readonly text: string; readonly emotes: readonly ChatEmote[] } {
  const emotes: ChatEmote[] = [];
  let text = "";
  let hidden = 0;
  const parser = new Parser({
    onopentag(name, { src = "", alt = "", title = "" }) {
      if (name === "script" || name === "style") hidden += 1;
      if (name !== "img") return;
      const label = alt === "" ? title : alt;
      if (label === "") return;
      const url = URL.parse(src, `${base}/`)?.href ?? null;
      emotes.push({ start: text.length, end: text.length + label.length, name: label, url });
      text += label;
    },
    ontext(more) {
      // What comes before all else would move the places of emotes when it is trimmed.
      if (hidden === 0) text += text === "" ? more.trimStart() : more;
    },
    onclosetag(name) {
      if (name === "script" || name === "style") hidden -= 1;
      if (blocks.has(name) && text !== "") text += " ";
    },
  });
  parser.end(html);
  return { text: text.trimEnd(), emotes };
}

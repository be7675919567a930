/**
 * What Owncast makes of what somebody typed: Markdown rendered to HTML, of
 * which only links, emphasis, code and its own emoji are left. Of Markdown,
 * here is what chat is made of.
 */
export function render(raw: string): string {
  const withoutTags = raw
    .trim()
    .replaceAll(/<(script|style)\b.*?<\/\1>/gis, "")
    .replaceAll(/<\/?[a-z][^>]*>/gi, "");
  const inline = escape(withoutTags)
    .replaceAll(/\*\*(.+?)\*\*/g, "<strong>$1</strong>")
    .replaceAll(/(?<![\w*])[*_](\S.*?)[*_](?!\w)/g, "<em>$1</em>")
    .replaceAll(/`(.+?)`/g, "<code>$1</code>")
    .replaceAll(/https?:\/\/[^\s<]+/g, '<a href="$&" rel="nofollow noreferrer noopener" target="_blank">$&</a>')
    .replaceAll(/:(owncast|parrot):/g, '<img src="/img/emoji/$1.gif" class="emoji" alt=":$1:" title=":$1:">');
  return inline === "" ? "" : `<p>${inline}</p>`;
}

/** As its sanitizer (bluemonday) writes them. */
const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&#34;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

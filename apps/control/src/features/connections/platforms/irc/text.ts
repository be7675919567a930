/**
 * What was said, without mIRC's formatting (modern.ircdocs.horse/formatting):
 * bold, italics, underline, strikethrough, monospace, reverse, reset, colors.
 */
export function plainText(text: string): string {
  return text
    .replaceAll(/\u0003(?:\d{1,2}(?:,\d{1,2})?)?/g, "")
    .replaceAll(/\u0004(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?/g, "")
    .replaceAll(/[\u0002\u000f\u0011\u0016\u001d\u001e\u001f]/g, "");
}

/** The text of a PRIVMSG: an action as it is typed, `/me waves`; null for other CTCP, which is between programs. */
export function saidText(text: string): string | null {
  if (!text.startsWith("\u0001")) return plainText(text);
  const action = /^\u0001ACTION (.*?)\u0001?$/s.exec(text)?.[1];
  return action === undefined ? null : `/me ${plainText(action)}`;
}

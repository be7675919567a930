/**
 * `Content-Disposition: attachment` with a name that anybody may have chosen
 * (RFC 6266, 4.1; RFC 8187, 3.2): what would be part of a path, or hide a file,
 * is not passed on, and what ASCII cannot say is said once more in UTF-8.
 */
export function attachmentOf(name: string): string {
  const safe = name.replaceAll(/[/\\]/g, "_").replace(/^\.+/, (dots) => "_".repeat(dots.length));
  const ascii = safe.replaceAll(/[^\x20-\x7e]|["%]/gu, "_");
  const plain = `attachment; filename="${ascii}"`;
  return ascii === safe ? plain : `${plain}; filename*=UTF-8''${extendedValueOf(safe)}`;
}

function extendedValueOf(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

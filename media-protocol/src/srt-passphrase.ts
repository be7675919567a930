/**
 * The passphrase of an SRT address apart from the address: it is a secret, the
 * rest is shown. An address holds it in its query, where any name may be
 * percent-encoded; what stands there instead of it is `***`.
 */
export const maskedPassphrase = "***";

/** The first passphrase as it is written there; null: there is none, or it is no SRT address. */
export function passphraseOf(url: string): string | null {
  let found: string | null = null;
  changed(url, (value) => {
    found ??= value;
    return value;
  });
  return found;
}

/** The address with that in the place of its passphrase, were there one. */
export function withPassphrase(url: string, passphrase: string): string {
  return changed(url, () => passphrase);
}

function changed(url: string, change: (value: string) => string): string {
  const at = url.indexOf("?");
  if (at < 0 || !/^srt:/iu.test(url)) return url;
  const query = url
    .slice(at + 1)
    .split("&")
    .map((pair) => {
      const [[name, value] = []] = new URLSearchParams(pair);
      if (name !== "passphrase" || value === undefined || value === "") return pair;
      const from = pair.indexOf("=") + 1;
      return pair.slice(0, from) + change(pair.slice(from));
    });
  return `${url.slice(0, at)}?${query.join("&")}`;
}

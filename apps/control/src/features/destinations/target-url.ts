import type { VaultContext } from "@trax/foundation/vault";
import { maskedPassphrase, passphraseOf, withPassphrase } from "../broadcast/index.ts";
import type { StreamKeys } from "./stream-key.ts";

/** An address as it is kept: an SRT passphrase is sealed, and `***` stands where it was. */
export type KeptUrl = { readonly url: string; readonly sealedPassphrase: string | null };

export function keptUrl(url: string, keys: StreamKeys, context: VaultContext): KeptUrl {
  return { url: shownUrl(url), sealedPassphrase: keys.seal(passphraseOf(url), context) };
}

/** The address with its passphrase in place, or as it is where that cannot be opened any more. */
export function wholeUrl({ url, sealedPassphrase }: KeptUrl, keys: StreamKeys, context: VaultContext): string {
  const passphrase = keys.open(sealedPassphrase, context);
  return passphrase === null ? url : withPassphrase(url, passphrase);
}

/** What is given as it was shown has the passphrase that it had. */
export function unmasked(given: string, before: string): string {
  const known = passphraseOf(before);
  return known !== null && passphraseOf(given) === maskedPassphrase ? withPassphrase(given, known) : given;
}

export function shownUrl(url: string): string {
  return withPassphrase(url, maskedPassphrase);
}

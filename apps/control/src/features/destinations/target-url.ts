import type { VaultContext } from "@trax/foundation/vault";
import { invalidRequest } from "../../kernel/errors.ts";
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

/** What is given as it was shown has the passphrase of before; refused where there is none, or it cannot be opened any more. */
export function unmasked(given: string, before: string | null): string {
  if (passphraseOf(given) !== maskedPassphrase || given === before) return given;
  const known = before === null ? null : passphraseOf(before);
  if (known !== null && known !== maskedPassphrase) return withPassphrase(given, known);
  const message = "has *** in place of a passphrase that is not known: give the passphrase again";
  throw invalidRequest("The body is not valid.", [{ path: "body.url", message }]);
}

export function shownUrl(url: string): string {
  return withPassphrase(url, maskedPassphrase);
}

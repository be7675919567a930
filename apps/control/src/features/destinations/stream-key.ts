import { Secret } from "@trax/foundation/secret";
import type { Vault, VaultContext } from "@trax/foundation/vault";

/** Stream keys and passphrases as they are kept: sealed, for one destination of one account. */
export type StreamKeys = {
  seal(streamKey: string | null, context: VaultContext): string | null;
  /** Whether that key is the sealed one. A sealed key that cannot be opened any more is no key's. */
  isSame(sealed: string | null, streamKey: string | null, context: VaultContext): boolean;
  /** Null: there is none, or it cannot be opened any more. */
  open(sealed: string | null, context: VaultContext): string | null;
};

export function streamKeys(vault: Vault): StreamKeys {
  const open = (sealed: string | null, context: VaultContext): string | null => {
    try {
      return sealed === null ? null : vault.decrypt(sealed, context).reveal();
    } catch {
      return null;
    }
  };
  return {
    seal: (streamKey, context) => (streamKey === null ? null : vault.encrypt(new Secret(streamKey), context)),
    isSame(sealed, streamKey, context) {
      if (sealed === null || streamKey === null) return sealed === streamKey;
      return open(sealed, context) === streamKey;
    },
    open,
  };
}

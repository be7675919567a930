import type { Logger } from "@trax/foundation/log";
import type { Vault } from "@trax/foundation/vault";

/**
 * Opens what is sealed in rows. What cannot be opened any more, since its key is
 * gone, is told of once, and is as if there were none: that is the trouble of one
 * destination or source, and of nothing beside it.
 */
export class Opener {
  readonly #vault: Vault;
  readonly #log: Logger;
  readonly #told = new Set<string>();

  constructor(vault: Vault, log: Logger) {
    this.#vault = vault;
    this.#log = log;
  }

  open(sealed: string | null, accountId: string, row: string): string | null {
    if (sealed === null) return null;
    try {
      return this.#vault.decrypt(sealed, { accountId, row }).reveal();
    } catch (error) {
      if (!this.#told.has(row)) this.#log.error({ err: error, row }, "a secret cannot be opened: it is left out");
      this.#told.add(row);
      return null;
    }
  }
}

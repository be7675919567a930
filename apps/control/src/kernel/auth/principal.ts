import type { Role, Scope } from "@trax/contract";
import type { RateLimit } from "@trax/foundation/config";

/** Who asks: one credential, the account it acts in, and what it may do now. */
export type Principal = {
  readonly kind: "api_key" | "session";
  /** The credential: a key's id, or a name for the session that is not its token. */
  readonly id: string;
  /** SHA-256 of the credential, as it is stored. */
  readonly hash: Buffer;
  readonly accountId: string;
  readonly accountName: string;
  readonly userId: string;
  readonly role: Role;
  /** A key's name; a session goes by its user's. */
  readonly name: string;
  /** What was granted and the role still holds. */
  readonly scopes: ReadonlySet<Scope>;
  readonly limit: RateLimit;
  readonly expiresAt: Date | null;
  /** CIDRs it may be used from; empty: anywhere. */
  readonly allowedNetworks: readonly string[];
};

/** A credential as it was presented, good or not. */
export type Credential = { readonly kind: Principal["kind"]; readonly text: string };

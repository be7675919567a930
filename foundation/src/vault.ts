import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { EncryptionKey } from "./config.ts";
import { Secret } from "./secret.ts";

/**
 * Secrets at rest: AES-256-GCM under a versioned key. `context` (the account and
 * the row) is bound as associated data, so that a value copied to another row
 * or tenant does not decrypt.
 */
export type Vault = {
  encrypt(secret: Secret, context: VaultContext): string;
  /** Throws when the key is unknown, the context differs, or the text was tampered with. */
  decrypt(sealed: string, context: VaultContext): Secret;
  /** A key for another purpose (signing cursors, say), derived from the oldest key so that rotation keeps it. */
  derive(purpose: string): Buffer;
};

export type VaultContext = { readonly accountId: string; readonly row: string };

const ivBytes = 12;
const tagBytes = 16;

export function openVault(keys: readonly EncryptionKey[]): Vault {
  const [newest] = keys;
  const oldest = keys.at(-1);
  if (newest === undefined || oldest === undefined)
    throw new Error("TRAX_ENCRYPTION_KEYS is needed: id:base64 of 32 bytes");
  const bytesOf = (entry: EncryptionKey) => Buffer.from(entry.key.reveal(), "base64");
  const associated = (context: VaultContext) => Buffer.from(`${context.accountId}\n${context.row}`);
  return {
    encrypt(secret, context) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv("aes-256-gcm", bytesOf(newest), iv).setAAD(associated(context));
      const body = Buffer.concat([cipher.update(secret.reveal(), "utf8"), cipher.final()]);
      return `${newest.id}.${Buffer.concat([iv, body, cipher.getAuthTag()]).toString("base64url")}`;
    },
    decrypt(sealed, context) {
      const [id, encoded] = sealed.split(".");
      const entry = keys.find((candidate) => candidate.id === id);
      if (entry === undefined || encoded === undefined)
        throw new Error("sealed under a key that TRAX_ENCRYPTION_KEYS does not list");
      const bytes = Buffer.from(encoded, "base64url");
      const decipher = createDecipheriv("aes-256-gcm", bytesOf(entry), bytes.subarray(0, ivBytes))
        .setAAD(associated(context))
        .setAuthTag(bytes.subarray(bytes.length - tagBytes));
      const text = Buffer.concat([decipher.update(bytes.subarray(ivBytes, bytes.length - tagBytes)), decipher.final()]);
      return new Secret(text.toString("utf8"));
    },
    derive(purpose) {
      return Buffer.from(hkdfSync("sha256", bytesOf(oldest), "trax", purpose, 32));
    },
  };
}

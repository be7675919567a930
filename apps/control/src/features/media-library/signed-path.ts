import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";

/**
 * URLs that stand for a permission: what it is for, until when, and a code over
 * both (HMAC-SHA-256). Whoever has one may do just that, so they are short-lived
 * and never logged.
 */
export type PathSigner = {
  /** The query that makes this a permission until then. */
  sign(permission: readonly string[], expiresAt: Date): string;
  /** Whether the query was made by `sign` for this very permission, and has not run out. */
  isSigned(permission: readonly string[], query: SignedQuery): boolean;
};

export type SignedQuery = { readonly expires?: unknown; readonly signature?: unknown };

/** @param key 32 bytes from `vault.derive` */
export function pathSigner(key: Buffer, now: () => number = Date.now): PathSigner {
  // Node makes one of bytes each time it is given them, which costs it several times what the code does.
  const secret = createSecretKey(key);
  const code = (permission: readonly string[], expires: string): Buffer =>
    createHmac("sha256", secret)
      .update(JSON.stringify([...permission, expires]))
      .digest();
  return {
    sign(permission, expiresAt) {
      const expires = String(Math.floor(expiresAt.getTime() / 1_000));
      return `expires=${expires}&signature=${code(permission, expires).toString("base64url")}`;
    },
    isSigned(permission, { expires, signature }) {
      if (typeof expires !== "string" || typeof signature !== "string" || !/^\d{1,12}$/.test(expires)) return false;
      const given = Buffer.from(signature, "base64url");
      const right = code(permission, expires);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return false;
      return Number(expires) * 1_000 > now();
    },
  };
}

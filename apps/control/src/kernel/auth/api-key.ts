import { createHash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import baseX from "base-x";
import { Secret } from "@trax/foundation/secret";

/**
 * `sk_live_` + 32 random bytes in base62 (43 characters) + CRC-32 of those
 * characters in base62 (6). The checksum lets a mistyped or made-up key be
 * refused without asking the database, and secret scanners be sure.
 */
const base62 = baseX("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
const scheme = "sk_live_";
const randomLength = 43;
const checksumLength = 6;
const shape = /^sk_live_[0-9A-Za-z]{49}$/;

export type NewApiKey = {
  readonly secret: Secret;
  readonly hash: Buffer;
  /** What may be shown of it, so that its owner can tell keys apart. */
  readonly prefix: string;
  readonly lastFour: string;
};

export function newApiKey(): NewApiKey {
  const random = base62.encode(randomBytes(32)).padStart(randomLength, "0");
  const text = scheme + random + checksum(random);
  return {
    secret: new Secret(text),
    hash: hashOf(text),
    prefix: text.slice(0, scheme.length + 4),
    lastFour: text.slice(-4),
  };
}

/** Whether the text can be a key at all. */
export function isWellFormedApiKey(text: string): boolean {
  if (!shape.test(text)) return false;
  const random = text.slice(scheme.length, scheme.length + randomLength);
  return text.endsWith(checksum(random));
}

/** How a key or a session token is stored: SHA-256. Both are random enough to need no salt. */
export function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function checksum(random: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(random));
  return base62.encode(bytes).padStart(checksumLength, "0").slice(-checksumLength);
}

import { randomBytes } from "node:crypto";

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A ULID (github.com/ulid/spec): 10 characters of the time in ms, 16 by chance. */
export function ulid(now = Date.now()): string {
  let time = "";
  for (let rest = now, index = 0; index < 10; index++, rest = Math.floor(rest / 32))
    time = (alphabet[rest % 32] ?? "") + time;
  return time + Array.from(randomBytes(16), (byte) => alphabet[byte % 32]).join("");
}

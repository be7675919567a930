import { typeidUnboxed } from "typeid-js";

/** The kinds of thing that have a public id, as `prefix_` + 26 characters of Crockford base32 over a UUIDv7 (the TypeID format). */
export const idPrefixes = {
  account: "acc",
  user: "usr",
  studio: "std",
  source: "src",
  destination: "dst",
  scene: "scn",
  broadcast: "brd",
  recording: "rec",
  mediaSession: "msn",
  key: "key",
  connection: "cnx",
  message: "msg",
  asset: "ast",
  webhook: "whk",
  event: "evt",
  app: "app",
} as const;

export type IdKind = keyof typeof idPrefixes;

/** A new id of that kind. Time-ordered, so ids of one process sort by age. */
export function newId(kind: IdKind): string {
  return typeidUnboxed(idPrefixes[kind]);
}

/** Sorts before every id of that kind made at or after the time, and after every older one. */
export function firstId(kind: IdKind, at: Date): string {
  const milliseconds = BigInt(Math.max(0, at.getTime()));
  return `${idPrefixes[kind]}_${encode(milliseconds << 80n)}`;
}

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

/** 128 bits in Crockford base32. */
function encode(value: bigint): string {
  return Array.from({ length: 26 }, (_, place) => alphabet[Number((value >> BigInt(5 * (25 - place))) & 31n)]).join("");
}

import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { ApiError } from "./errors.ts";

/** What a cursor belongs to: it opens no other list, account or parent. */
export type ListName = { readonly list: string; readonly accountId: string; readonly parentId?: string };

/**
 * Positions in lists. A position is the id of the last row shown: ids sort by
 * age, so "newest first, below this id" neither skips nor repeats a row that was
 * there throughout, whatever is added or removed meanwhile.
 */
export type Cursors = {
  /** The opaque text for "after this id", `v1.<id>.<mac>` in base64url. */
  write(of: ListName, lastId: string): string;
  /** The id, or null for the first page. Throws `invalid_cursor` for whatever this list did not give out. */
  read(of: ListName, cursor: string | undefined): string | null;
};

const macBytes = 16;

/** @param key 32 bytes from `vault.derive("cursor")` */
export function openCursors(key: Buffer): Cursors {
  // Node makes one of bytes each time it is given them, which costs it several times what the code does.
  const secret = createSecretKey(key);
  const mac = (of: ListName, id: string): Buffer =>
    createHmac("sha256", secret)
      .update(JSON.stringify([of.list, of.accountId, of.parentId ?? null, id]))
      .digest()
      .subarray(0, macBytes);
  return {
    write: (of, lastId) => `v1.${Buffer.concat([mac(of, lastId), Buffer.from(lastId)]).toString("base64url")}`,
    read(of, cursor) {
      if (cursor === undefined) return null;
      const encoded = /^v1\.([\w-]+)$/.exec(cursor)?.[1];
      if (encoded === undefined) throw new ApiError("invalid_cursor");
      const bytes = Buffer.from(encoded, "base64url");
      const id = bytes.subarray(macBytes).toString();
      // The second check refuses other spellings of the same bytes.
      const ours =
        bytes.length > macBytes &&
        timingSafeEqual(bytes.subarray(0, macBytes), mac(of, id)) &&
        bytes.toString("base64url") === encoded;
      if (!ours) throw new ApiError("invalid_cursor");
      return id;
    },
  };
}

/**
 * One page out of rows that were asked for with `limit + 1`: the extra row says
 * that there is another page.
 */
export function pageOf<Row extends { readonly id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  cursorFor: (lastId: string) => string,
  show: (row: Row) => Item,
): { data: Item[]; nextCursor: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { data: shown.map(show), nextCursor: rows.length > limit && last !== undefined ? cursorFor(last.id) : null };
}

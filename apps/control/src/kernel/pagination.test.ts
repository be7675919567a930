import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { ApiError } from "./errors.ts";
import { openCursors, pageOf } from "./pagination.ts";

const cursors = openCursors(randomBytes(32));
const list = { list: "studios", accountId: "acc_1", parentId: "std_1" };
const isInvalidCursor = (error: unknown): boolean => error instanceof ApiError && error.code === "invalid_cursor";

test("a cursor opens the list that gave it, at the id it was given for", () => {
  assert.equal(cursors.read(list, cursors.write(list, "std_9")), "std_9");
  assert.equal(cursors.read(list, undefined), null);
});

test("a cursor opens no other list, account, parent or server", () => {
  const cursor = cursors.write(list, "std_9");
  for (const other of [
    { ...list, list: "sources" },
    { ...list, accountId: "acc_2" },
    { ...list, parentId: "std_2" },
    { list: "studios", accountId: "acc_1" },
  ]) {
    assert.throws(() => cursors.read(other, cursor), isInvalidCursor);
  }
  assert.throws(() => openCursors(randomBytes(32)).read(list, cursor), isInvalidCursor);
});

test("a cursor that was changed anywhere, cut or written otherwise is refused", () => {
  const cursor = cursors.write(list, "std_9");
  for (let at = 0; at < cursor.length; at++) {
    const changed = cursor.slice(0, at) + (cursor[at] === "A" ? "B" : "A") + cursor.slice(at + 1);
    assert.throws(() => cursors.read(list, changed), isInvalidCursor, `at ${at}`);
  }
  for (const wrong of [
    "",
    "v1.",
    "v1.AAAA",
    cursor.slice(3),
    `${cursor}=`,
    `${cursor} `,
    cursor.slice(0, -4),
    cursor.replace("v1", "v2"),
    "\u0000",
  ]) {
    assert.throws(() => cursors.read(list, wrong), isInvalidCursor, JSON.stringify(wrong));
  }
});

test("a page shows as many rows as asked, and a cursor only where there is more", () => {
  const rows = ["c", "b", "a"].map((id) => ({ id }));
  const page = (limit: number, given = rows) =>
    pageOf(
      given,
      limit,
      (id) => `after ${id}`,
      ({ id }) => id,
    );
  assert.deepEqual(page(2), { data: ["c", "b"], nextCursor: "after b" });
  assert.deepEqual(page(3), { data: ["c", "b", "a"], nextCursor: null });
  assert.deepEqual(page(3, []), { data: [], nextCursor: null });
});

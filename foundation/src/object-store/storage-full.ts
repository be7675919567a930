import { codeOf } from "../error-code.ts";

/** The store has no room for it: the same may succeed when something else has gone. */
export class StorageFull extends Error {
  override readonly name = "StorageFull";
}

/** Whether a file could not be written because its file system is full, or its owner may have no more of it. */
export function isNoSpace(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT"].includes(codeOf(error));
}

import { LRUCache } from "lru-cache";
import { sharedSince } from "./storage.ts";
import type { SharedFile } from "./storage.ts";

/** A page of a hundred assets has hundreds of URLs, and each takes a signature: those that were made lately are kept. */
const most = 20_000;

/** Shares files by `sign`, which is given when that was signed as far as is told; the same file gives the same URL for a while. */
export function sharedUrls(
  sign: (file: SharedFile, since: Date) => string | Promise<string>,
): (file: SharedFile) => Promise<string> {
  const kept = new LRUCache<string, Promise<string>>({ max: most });
  return (file) => {
    const since = sharedSince(Date.now());
    const of = `${since.getTime()} ${file.key} ${file.contentType} ${file.name ?? "/"}`;
    const known = kept.get(of);
    if (known !== undefined) return known;
    const made = Promise.resolve(sign(file, since));
    kept.set(of, made);
    // What could not be signed now may be the next time.
    made.catch(() => kept.delete(of));
    return made;
  };
}

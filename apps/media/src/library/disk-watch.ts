import { isNearlyFull } from "../recording/disk-space.ts";
import type { DiskSpace } from "../recording/disk-space.ts";

/** What is made of a clip comes at some tens of MB a second at the most. */
const lookMs = 2_000;

/**
 * Looks at a disk now and again until `close`, and says once that it is nearly
 * full: what is made of a film of hours may be far larger than the film.
 */
export function watchDisk(space: () => Promise<DiskSpace>, onFull: () => void): { readonly close: () => void } {
  let isClosed = false;
  const look = async (): Promise<void> => {
    // A disk that cannot be asked says so to whoever writes to it.
    const found = await space().catch(() => null);
    if (isClosed || found === null || !isNearlyFull(found)) return;
    close();
    onFull();
  };
  const timer = setInterval(() => void look(), lookMs);
  const close = (): void => {
    isClosed = true;
    clearInterval(timer);
  };
  void look();
  return { close };
}

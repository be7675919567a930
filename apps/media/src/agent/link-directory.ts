import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Of `sun_path` in Linux's `sockaddr_un`, with its closing zero (unix(7)). */
const longestPathBytes = 107;
const longestName = `program-std_${"0".repeat(26)}.sock`;

export type LinkDirectory = {
  /** The Unix socket of a studio's program. */
  readonly path: (studioId: string) => string;
  close(): void;
};

/** Where programs are offered: below the data directory, or in a directory of its own where that path is too long for a socket. */
export function openLinkDirectory(dataDir: string): LinkDirectory {
  const own = join(dataDir, "run");
  const fits = Buffer.byteLength(join(own, longestName)) <= longestPathBytes;
  if (fits) mkdirSync(own, { recursive: true });
  // Nobody else can guess it or look into it.
  const directory = fits ? own : mkdtempSync(join(tmpdir(), "trax-"));
  return {
    path: (studioId) => join(directory, `program-${studioId}.sock`),
    close: () => {
      if (!fits) rmSync(directory, { recursive: true, force: true });
    },
  };
}

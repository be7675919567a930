import { execFile } from "node:child_process";
import { mkdir, statfs } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);
/** The kernel counts a tmpfs in pages. */
const page = 4_096;

export type SmallDisk = {
  /** Leaves room for so many bytes beside what is there. */
  readonly leave: (bytes: number) => Promise<void>;
  /** Unmounts it, whoever still has something open there: what was on it is gone, what it hid is back. */
  readonly remove: () => Promise<void>;
};

/**
 * A real file system of so many bytes at `path`, a directory that is made where there is none: what does not
 * fit there is refused by the kernel itself (ENOSPC). It is in memory, and takes
 * of it what is written. Needs root.
 */
export async function mountSmallDisk(path: string, bytes: number): Promise<SmallDisk> {
  await mkdir(path, { recursive: true });
  const mount = async (options: string): Promise<void> => {
    try {
      await run("mount", ["-t", "tmpfs", "-o", options, "trax-small-disk", path]);
    } catch (error) {
      const why = error instanceof Error ? error.message.trim() : String(error);
      throw new Error(
        `This test mounts a small file system, and may not: ${why}. Run it as root (CAP_SYS_ADMIN in a container).`,
        { cause: error },
      );
    }
  };
  await mount(`size=${bytes},mode=0700`);
  return {
    leave: async (room) => {
      const { blocks, bfree, bsize } = await statfs(path);
      await mount(`remount,size=${(blocks - bfree) * bsize + Math.ceil(room / page) * page}`);
    },
    remove: async () => void (await run("umount", ["--lazy", path])),
  };
}

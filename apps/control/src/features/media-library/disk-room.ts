import { statfs } from "node:fs/promises";

/** Kept free for the database and all else that lives on the same disk, bytes. */
const reserveBytes = 256 * 1_048_576;

/** Whether the disk that a directory is on has room for so many bytes, beside what is kept free. */
export async function hasRoom(directory: string, bytes: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize >= bytes + reserveBytes;
}

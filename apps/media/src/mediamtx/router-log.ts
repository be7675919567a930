import { open, rename, stat } from "node:fs/promises";

const maxBytes = 10 << 20;

/** Keeps one older file: called while the router is not running, since it holds the file open. */
export async function rotateLog(path: string): Promise<void> {
  const size = await sizeOf(path);
  if (size > maxBytes) await rename(path, `${path}.1`);
}

/** Bytes, 0 where there is no such file. */
export async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** The last messages that were logged after `offset`, for an error message. */
export async function messagesAfter(path: string, offset: number): Promise<string> {
  const file = await open(path, "r");
  try {
    const length = Math.min(Math.max((await file.stat()).size - offset, 0), 4096);
    const { buffer } = await file.read({ buffer: Buffer.alloc(length), position: offset });
    const lines = buffer.toString("utf8").trim().split("\n");
    return lines.slice(-3).map(messageOf).join("; ");
  } finally {
    await file.close();
  }
}

function messageOf(line: string): string {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === "object" && parsed !== null && "message" in parsed) return String(parsed.message);
  } catch {
    // What it says before it has read its configuration is not JSON.
  }
  return line;
}

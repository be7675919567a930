import { execFile } from "node:child_process";
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

/** Of PyPI's imageio-ffmpeg, which carries a static ffmpeg 9.0.2: Debian's has no WHIP. */
const release = "0.8.1";
const directory = resolve(import.meta.dirname, "../../../.cache/ffmpeg", release);
const binary = join(directory, "ffmpeg");

const run = promisify(execFile);
let asked: Promise<string> | undefined;

/** The path of an ffmpeg that speaks WHIP: the one kept under `.cache`, else fetched with pip. */
export function ensureNewerFfmpeg(): Promise<string> {
  return (asked ??= obtain());
}

async function obtain(): Promise<string> {
  const isThere = await access(binary).then(
    () => true,
    () => false,
  );
  if (isThere) return binary;
  await mkdir(directory, { recursive: true });
  const work = await mkdtemp(join(directory, "work-"));
  try {
    const wheel = `imageio-ffmpeg==${release}`;
    await run("python3", [
      "-m",
      "pip",
      "download",
      "--quiet",
      "--no-deps",
      "--only-binary",
      ":all:",
      "-d",
      work,
      wheel,
    ]);
    const [file = ""] = await readdir(work);
    await run("python3", ["-m", "zipfile", "-e", join(work, file), work]);
    const binaries = join(work, "imageio_ffmpeg", "binaries");
    const name = (await readdir(binaries)).find((entry) => entry.startsWith("ffmpeg-"));
    if (name === undefined) throw new Error(`${wheel} carries no ffmpeg`);
    await chmod(join(binaries, name), 0o755);
    // Whole or not at all; another process that did the same meanwhile did no harm.
    await rename(join(binaries, name), binary);
    return binary;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

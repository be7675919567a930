import { createWriteStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { sha256 } from "./binary.ts";
import { pinnedVersion } from "./pinned.ts";
import { run } from "./run.ts";

const base = `https://github.com/bluenviron/mediamtx/releases/download/${pinnedVersion}`;
const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", arm64: "arm64" };

/** Short, so that a machine with no way out goes on to build at once. */
const answerDeadlineMs = 4000;
const downloadDeadlineMs = 300_000;

/**
 * Downloads the pinned release into `directory` and gives the path of the
 * binary in it. The tarball must match the release's own `checksums.sha256`,
 * fetched beside it: the sums of the tarballs themselves are not known to this
 * code, so this catches a broken transfer, and TLS is what vouches for GitHub.
 */
export async function downloadRelease(directory: string, signal?: AbortSignal): Promise<string> {
  const architecture = architectures[process.arch];
  if (process.platform !== "linux" || architecture === undefined)
    throw new Error(`no release of MediaMTX for ${process.platform} ${process.arch} is known here`);
  const name = `mediamtx_${pinnedVersion}_linux_${architecture}.tar.gz`;
  const sums = join(directory, "checksums.sha256");
  await download(`${base}/checksums.sha256`, sums, signal);
  const tarball = join(directory, name);
  await download(`${base}/${name}`, tarball, signal);
  const expected = (await readFile(sums, "utf8"))
    .split("\n")
    .map((line) => line.trim().split(/\s+\*?/))
    .find(([, file]) => file === name)?.[0];
  if (expected === undefined) throw new Error(`the release's checksums do not list ${name}`);
  if ((await sha256(tarball)) !== expected) throw new Error(`${name} does not have the SHA-256 its release states`);
  await run("tar", ["xzf", tarball, "-C", directory, "mediamtx"], { signal });
  return join(directory, "mediamtx");
}

async function download(url: string, target: string, signal?: AbortSignal): Promise<void> {
  const unanswered = new AbortController();
  const timer = setTimeout(
    () => unanswered.abort(new Error(`no answer within ${answerDeadlineMs / 1000} s`)),
    answerDeadlineMs,
  );
  const signals = [unanswered.signal, AbortSignal.timeout(downloadDeadlineMs), ...(signal ? [signal] : [])];
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.any(signals) });
  } finally {
    clearTimeout(timer);
  }
  if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(target));
}

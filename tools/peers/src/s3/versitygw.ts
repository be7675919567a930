import { copyFile, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { findOnPath } from "../../../mediamtx/src/binary.ts";
import { withLock } from "../../../mediamtx/src/lock.ts";
import { run } from "../../../mediamtx/src/run.ts";

/** The one VersityGW that tests run against, and Go's own sum of that module (the `h1:` of go.sum). */
const version = "v1.8.0";
const goModuleSum = "h1:au+wI+aybno/STsQiSm35Uu6Q6iK5MWReQxgO6SEMFc=";

const cacheDir = resolve(import.meta.dirname, "../../../../.cache/versitygw", version);
const workPrefix = "work-";

/**
 * The path of VersityGW, an S3 server that checks signatures, lengths and
 * checksums as S3 does: TRAX_VERSITYGW_BINARY (its owner vouches for it), else
 * the cached one, else built from the Go module proxy, once on a machine: 2.5
 * to 4 minutes on two cores. Of several processes one builds, the others wait.
 * `log` gets a line of progress for a human.
 */
export async function ensureVersitygw(log: (line: string) => void, signal?: AbortSignal): Promise<string> {
  const chosen = process.env["TRAX_VERSITYGW_BINARY"];
  if (chosen !== undefined && chosen !== "") return chosen;
  const binary = join(cacheDir, "versitygw");
  if (await isOurs(binary)) return binary;
  return withLock(
    cacheDir,
    () => log("VersityGW: waiting for another process that is building it"),
    async () => {
      if (!(await isOurs(binary))) await obtain(binary, log, signal);
      return binary;
    },
  );
}

/** Whether it is there and says to be what is pinned; it is put there in one step, so never half written. */
async function isOurs(binary: string): Promise<boolean> {
  return run(binary, ["--version"]).then(
    (said) => said.includes(version),
    () => false,
  );
}

async function obtain(binary: string, log: (line: string) => void, signal: AbortSignal | undefined): Promise<void> {
  if ((await findOnPath("go")) === null)
    throw new Error(
      `VersityGW ${version}, the S3 server of the tests, is built with Go, and there is none: install Go 1.26 or newer (https://go.dev/dl), or name a VersityGW in TRAX_VERSITYGW_BINARY`,
    );
  await mkdir(cacheDir, { recursive: true });
  // We hold the lock, so whatever is there belongs to somebody who was killed.
  for (const name of await readdir(cacheDir))
    if (name.startsWith(workPrefix)) await rm(join(cacheDir, name), { recursive: true });
  const directory = await mkdtemp(join(cacheDir, workPrefix));
  try {
    const built = await build(directory, log, signal);
    if (!(await isOurs(built))) throw new Error(`what was built does not say to be VersityGW ${version}`);
    await copyFile(built, `${binary}.new`);
    await rename(`${binary}.new`, binary);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The module is checked by its sum here, its dependencies by its own go.sum; its directory is not written to. */
async function build(directory: string, log: (line: string) => void, signal?: AbortSignal): Promise<string> {
  log(`VersityGW ${version}: fetching its source from the Go module proxy`);
  const answer: unknown = JSON.parse(
    await run("go", ["mod", "download", "-json", `github.com/versity/versitygw@${version}`], {
      cwd: directory,
      signal,
    }),
  );
  const source = checkedSource(answer);
  log(`VersityGW ${version}: building it with Go, which takes a few minutes the first time`);
  const started = performance.now();
  const binary = join(directory, "versitygw");
  const flags = ["-mod=readonly", "-buildvcs=false", `-ldflags=-s -w -X main.Version=${version}`];
  await run("go", ["build", ...flags, "-o", binary, "./cmd/versitygw"], {
    cwd: source,
    env: { ...process.env, CGO_ENABLED: "0" },
    signal,
  });
  log(`VersityGW ${version}: built in ${Math.round((performance.now() - started) / 1000)} s`);
  return binary;
}

function checkedSource(answer: unknown): string {
  if (typeof answer !== "object" || answer === null || !("Dir" in answer) || typeof answer.Dir !== "string")
    throw new Error("go mod download gave no directory");
  const sum = "Sum" in answer ? answer.Sum : undefined;
  if (sum !== goModuleSum) throw new Error(`the Go module's sum is ${String(sum)}, not ${goModuleSum}`);
  return answer.Dir;
}

if (import.meta.main) {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.once(name, () => interrupted.abort(new Error(`stopped by ${name}`)));
  try {
    const binary = await ensureVersitygw((line) => void process.stderr.write(`${line}\n`), interrupted.signal);
    process.stdout.write(`${binary}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

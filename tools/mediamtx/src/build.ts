import { copyFile, cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { sha256 } from "./binary.ts";
import { goModuleSum, hlsJs, pinnedVersion } from "./pinned.ts";
import { run } from "./run.ts";
import { makeWritable } from "./tree.ts";

/**
 * Builds the pinned MediaMTX in `directory` out of the Go module proxy and
 * gives the path of the binary. Everything fetched is checked: the module by
 * its sum here, its dependencies by its own go.sum, hls.js by its SHA-256.
 * About 2 minutes on two cores the first time.
 */
export async function buildFromModule(
  directory: string,
  log: (line: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  log(`MediaMTX ${pinnedVersion}: fetching its source from the Go module proxy`);
  const answer: unknown = JSON.parse(
    await run("go", ["mod", "download", "-json", `github.com/bluenviron/mediamtx@${pinnedVersion}`], {
      cwd: directory,
      signal,
    }),
  );
  const { Dir: moduleDir, Sum: sum } = moduleDownload(answer);
  if (sum !== goModuleSum) throw new Error(`the Go module's sum is ${sum}, not ${goModuleSum}`);

  const source = join(directory, "source");
  await cp(moduleDir, source, { recursive: true });
  await makeWritable(source);

  await run("npm", ["pack", hlsJs.package, "--ignore-scripts", "--silent", "--pack-destination", directory], {
    cwd: directory,
    signal,
  });
  await run("tar", ["xzf", `${hlsJs.package.replace("@", "-")}.tgz`, hlsJs.file], { cwd: directory, signal });
  if ((await sha256(join(directory, hlsJs.file))) !== hlsJs.sha256)
    throw new Error(`${hlsJs.package} does not have the SHA-256 that is pinned`);
  await copyFile(join(directory, hlsJs.file), join(source, "internal/servers/hls/hls.min.js"));
  await writeFile(join(source, "internal/core/VERSION"), pinnedVersion);

  log(`MediaMTX ${pinnedVersion}: building it with Go, which takes a few minutes the first time`);
  const started = Date.now();
  const binary = join(directory, "mediamtx");
  await run("go", ["build", "-mod=readonly", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "."], {
    cwd: source,
    env: { ...process.env, CGO_ENABLED: "0" },
    signal,
  });
  log(`MediaMTX ${pinnedVersion}: built in ${Math.round((Date.now() - started) / 1000)} s`);
  return binary;
}

function moduleDownload(answer: unknown): { Dir: string; Sum: string } {
  if (typeof answer === "object" && answer !== null && "Dir" in answer && "Sum" in answer) {
    const { Dir, Sum } = answer;
    if (typeof Dir === "string" && typeof Sum === "string") return { Dir, Sum };
  }
  throw new Error("go mod download gave neither a directory nor a sum");
}

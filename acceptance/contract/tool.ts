import { execFile, spawn } from "node:child_process";
import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../src/instance.ts";

/** Tools of others, each at one version, kept under .cache once they were fetched. */
const cache = join(root, ".cache");
const execute = promisify(execFile);

export type Output = { readonly status: number; readonly text: string };

/** For a JVM that ends within a minute or two: making its code better takes twice as long as running it as it is. */
export const briefJvm = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"];

/** Runs a program to its end; its output is what it wrote, errors among it. */
export async function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Output> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => (text += part));
  const status = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? 1));
  });
  return { status, text };
}

/** Fails, in one line that says what to install, where a program is missing. */
async function need(program: string, args: readonly string[], install: string): Promise<void> {
  await execute(program, args).catch(() => {
    throw new Error(`${program} is missing, and this suite needs it: apt-get install ${install}`);
  });
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function succeed(program: string, args: readonly string[]): Promise<void> {
  const { status, text } = await run(program, args);
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}:\n${text.slice(-3_000)}`);
}

const schemathesisVersion = "4.32.5";

/** The command `schemathesis`, in a virtual environment of its own. */
export async function ensureSchemathesis(): Promise<string> {
  await need("python3", ["-c", "import venv, ensurepip"], "python3-venv");
  const directory = join(cache, `schemathesis-${schemathesisVersion}`);
  const complete = join(directory, "complete");
  if (!(await isThere(complete))) {
    await rm(directory, { recursive: true, force: true });
    await succeed("python3", ["-m", "venv", directory]);
    await succeed(join(directory, "bin/pip"), ["install", "--quiet", `schemathesis==${schemathesisVersion}`]);
    await writeFile(complete, "");
  }
  return join(directory, "bin/schemathesis");
}

const generatorVersion = "7.25.0";

/** The jar of openapi-generator, from Maven Central. */
export async function ensureOpenApiGenerator(): Promise<string> {
  await need("java", ["-version"], "default-jre-headless");
  await need("mvn", ["--version"], "maven");
  const directory = join(cache, "openapi-generator");
  const jar = join(directory, `openapi-generator-cli-${generatorVersion}.jar`);
  if (!(await isThere(jar))) {
    await mkdir(directory, { recursive: true });
    const artifact = `org.openapitools:openapi-generator-cli:${generatorVersion}`;
    const goal = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy";
    await succeed("mvn", ["-q", "-B", goal, `-Dartifact=${artifact}`, `-DoutputDirectory=${directory}`]);
  }
  return jar;
}

import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { withLock } from "../../../mediamtx/src/lock.ts";
import { run } from "../../../mediamtx/src/run.ts";

/** PyPI's kicksdk-py: its core is in Rust and comes built; it needs nothing else. */
const version = "0.2.0";
const directory = resolve(import.meta.dirname, "../../../../.cache", `kicksdk-${version}`);

/** A function of kicksdk's by its name, as in `webhooks.verify`, and what it is given. */
export type SdkCall = readonly [name: string, args: Readonly<Record<string, unknown>>];

export type SdkResult = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: string };

const script = `
import json, sys, kicksdk, kicksdk.public_api, kicksdk.webhooks
results = []
for name, args in json.load(sys.stdin):
    module, function = name.split(".")
    try:
        value = getattr(getattr(kicksdk, module), function)(**args)
        results.append({"ok": True, "value": value})
    except kicksdk.KickError as error:
        results.append({"ok": False, "error": f"{error.kind}: {error}"})
def request(made):
    return {"method": made.method, "url": made.url, "headers": made.headers, "body": made.body}
json.dump(results, sys.stdout, default=request)
`;

/** Lets kicksdk, a Kick client that strangers wrote, do these calls, and gives its results in their order. */
export async function kicksdk(...calls: readonly SdkCall[]): Promise<SdkResult[]> {
  const python = await ensurePython();
  const child = spawn(python, ["-c", script], { stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end(JSON.stringify(calls));
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  if (child.exitCode !== 0) throw new Error(`kicksdk failed: ${errors.slice(-1500)}`);
  const results: SdkResult[] = JSON.parse(output);
  return results;
}

/** A virtual environment of its own, made once. */
async function ensurePython(): Promise<string> {
  const complete = join(directory, "complete");
  const isThere = (): Promise<boolean> =>
    access(complete).then(
      () => true,
      () => false,
    );
  if (!(await isThere()))
    await withLock(
      directory,
      () => {},
      async () => {
        if (await isThere()) return;
        await rm(directory, { recursive: true, force: true });
        await mkdir(directory, { recursive: true });
        await run("python3", ["-m", "venv", directory]);
        await run(join(directory, "bin/pip"), ["install", "--quiet", `kicksdk-py==${version}`]);
        await writeFile(complete, "");
      },
    );
  return join(directory, "bin/python");
}

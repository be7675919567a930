import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort, waitFor } from "@trax/peers";
import { root } from "./instance.ts";
import type { OwnedInstance } from "./instance.ts";
import { descendantsOf } from "./process-search.ts";

/** Another control of an instance's deployment, which nobody starts again when it dies. */
export type SecondNode = {
  readonly baseUrl: string;
  /** While this runs, the instance's own control is stopped (SIGSTOP): whatever there is to do, this node does. */
  readonly alone: (work: () => Promise<void>) => Promise<void>;
  /** `kill -9`, as often as wanted; resolves once it is gone. */
  readonly kill: () => Promise<void>;
};

const control = join(root, "apps/control/src/main.ts");

/** Starts control as the instance has it, with the same database and keys, at ports of its own. */
export async function startSecondNode(instance: OwnedInstance): Promise<SecondNode> {
  const first = (await descendantsOf(instance.pid)).find(({ commandLine }) => commandLine.includes(control));
  assert.ok(first !== undefined, "the instance has a control");
  const environment = Object.fromEntries(
    (await readFile(`/proc/${first.pid}/environ`, "utf8"))
      .split("\0")
      .filter((entry) => entry.includes("=") && !/^(TRAX_INSTANCE|NODE_CHANNEL_\w+)=/.test(entry))
      .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
  const port = await freePort();
  const child = spawn(process.execPath, [control], {
    env: { ...environment, TRAX_HTTP_PORT: String(port), TRAX_OPERATOR_PORT: "0" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-20_000)));
  const exited = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  const baseUrl = `http://127.0.0.1:${port}`;
  try {
    await waitFor("a second node", async () => {
      assert.equal(child.exitCode, null, output);
      return (await fetch(`${baseUrl}/v1/health`).catch(() => null))?.ok === true;
    });
  } catch (error) {
    await kill();
    throw error;
  }
  return {
    baseUrl,
    alone: async (work) => {
      process.kill(first.pid, "SIGSTOP");
      try {
        await work();
      } finally {
        process.kill(first.pid, "SIGCONT");
      }
    },
    kill,
  };
}

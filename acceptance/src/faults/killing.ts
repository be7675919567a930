import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "../instance.ts";
import type { Instance } from "../instance.ts";
import { at, listAt, textAt } from "../json.ts";
import { eventually } from "../media/eventually.ts";

/** What `./trax status` names, but for the supervisor, which is what starts them again. */
export const killable = ["control", "media-agent", "mediamtx", "relay", "postgres"] as const;
export type Killable = (typeof killable)[number];

const run = promisify(execFile);

/** Asking starts a process, which costs what is to come back some of the machine. */
const askEveryMs = 300;

/** The processes of an instance by name, from its own status; all empty where it could not be asked. */
async function pidsOf(instance: Instance): Promise<ReadonlyMap<string, readonly number[]>> {
  const { stdout } = await run(join(root, "trax"), ["status", "--json", "--data", instance.dataDir]);
  const status: unknown = JSON.parse(stdout);
  const pids = new Map<string, number[]>();
  for (const entry of listAt(status, "processes")) {
    const name = textAt(entry, "name");
    pids.set(name, [...(pids.get(name) ?? []), Number(at(entry, "pid"))]);
  }
  return pids;
}

export async function signal(instance: Instance, names: readonly Killable[], name: NodeJS.Signals): Promise<void> {
  const pids = await pidsOf(instance);
  for (const one of names) for (const pid of pids.get(one) ?? []) send(pid, name);
}

/** A process that went with another one, between the status and here, is no matter. */
function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** `kill -9` of all of these at once; resolves when each of them, and whatever went with it, is there again. */
export async function killUntilBack(instance: Instance, names: readonly Killable[]): Promise<void> {
  const before = await pidsOf(instance);
  const killed = names.flatMap((name) => before.get(name) ?? []);
  for (const pid of killed) send(pid, "SIGKILL");
  await eventually(
    `${names.join(", ")} are back`,
    () => pidsOf(instance).catch(() => new Map<string, readonly number[]>()),
    (pids) =>
      killable.every((name) => (pids.get(name) ?? []).length > 0) &&
      killed.every((pid) => ![...pids.values()].flat().includes(pid)),
    undefined,
    askEveryMs,
  );
  // A process is there before it answers.
  await eventually("the API answers", () => isAnswering(instance), Boolean);
}

async function isAnswering({ baseUrl }: Instance): Promise<boolean> {
  return fetch(`${baseUrl}/v1/health`).then(
    ({ ok }) => ok,
    () => false,
  );
}

import type { Addresses } from "./addresses.ts";
import type { ProcessEntry } from "../supervise/node-program.ts";

/** What `./trax status --json` prints. */
export type InstanceStatus = {
  readonly state: "starting" | "ready" | "stopping";
  readonly version: string;
  readonly dataDir: string;
  readonly startedAt: string;
  readonly processes: readonly ProcessEntry[];
  /** Names of processes that should run and do not: they are being started again. */
  readonly missing: readonly string[];
} & Partial<Addresses>;

/** For people: the processes, then everything else, a line each. */
export function formatStatus(status: unknown): string {
  if (typeof status !== "object" || status === null) return String(status);
  const { processes, ...rest } = { processes: [], ...status };
  const entries: unknown[] = Array.isArray(processes) ? processes : [];
  const rows = entries.map((entry) => formatRow(entry));
  const facts = Object.entries(rest).flatMap(([name, value]: [string, unknown]) => {
    const text = Array.isArray(value) ? value.join(", ") : String(value);
    return text === "" ? [] : [`${name.padEnd(12)} ${text}`];
  });
  return [`${"PROCESS".padEnd(12)} ${"PID".padEnd(8)} STUDIOS`, ...rows, "", ...facts].join("\n");
}

function formatRow(entry: unknown): string {
  const { name, pid, studioId, studioIds } = {
    name: "",
    pid: "",
    studioId: "",
    studioIds: [],
    ...(typeof entry === "object" ? entry : {}),
  };
  const studios = [studioId, ...(Array.isArray(studioIds) ? studioIds : [])].filter((id) => id !== "").join(" ");
  return `${String(name).padEnd(12)} ${String(pid).padEnd(8)} ${studios}`.trimEnd();
}

import { access } from "node:fs/promises";
import { messageOf } from "./failure.ts";
import { firstShow } from "./first-show.ts";
import type { Addresses } from "./instance/addresses.ts";
import type { DataDirectory } from "./instance/data-directory.ts";
import type { Environment } from "./instance/environment.ts";
import type { Programs } from "./instance/programs.ts";
import { writeFileAtomically } from "./instance/record.ts";
import { runOnce } from "./instance/run-once.ts";
import type { Supervisor } from "./supervise/supervisor.ts";
import type { Progress } from "./terminal/progress.ts";

type Welcome = {
  readonly directory: DataDirectory;
  readonly addresses: Addresses;
  readonly environment: Environment;
  readonly programs: Programs;
  readonly progress: Progress;
  readonly supervisor: Supervisor;
  readonly signal: AbortSignal;
};

const demoEmail = "demo@example.com";

/** What `up` prints once everything answers: where things are, and on the first start how to put a picture on air. */
export async function printWelcome(welcome: Welcome): Promise<void> {
  const { directory, addresses, environment, progress } = welcome;
  const networks = environment["TRAX_ALLOWED_NETWORKS"] ?? "";
  progress.line();
  for (const [what, value] of [
    ["API", `${addresses.baseUrl}/v1`],
    ["RTMP", addresses.rtmpUrl],
    ["RTMPS", addresses.rtmpsUrl],
    ["SRT", addresses.srtUrl],
    ["WHIP", addresses.whipUrl],
    ["WHEP", `${addresses.baseUrl}/whep`],
    ["metrics", `${addresses.operatorUrl}/metrics`],
    ["logs", directory.logs],
    [
      "allowed",
      `destinations in ${networks === "" ? "public networks only" : `${networks} too (TRAX_ALLOWED_NETWORKS)`}`,
    ],
  ] as const)
    progress.line(`  ${what.padEnd(8)} ${value}`);
  progress.line();
  if (await isFirstStart(directory)) await printDemo(welcome);
}

async function isFirstStart(directory: DataDirectory): Promise<boolean> {
  try {
    await access(directory.demoFile);
    return false;
  } catch {
    return true;
  }
}

/** The demo account is a convenience: where it cannot be made (the database has one already), TRaX is up all the same. */
async function printDemo({ directory, addresses, programs, progress, supervisor, signal }: Welcome): Promise<void> {
  try {
    const environment = supervisor.childEnvironment;
    const identity = ["--email", demoEmail, "--name", "Demo"];
    const account = readFields(
      await runOnce("create-account", programs.admin, ["create-account", ...identity], environment, signal),
    );
    const key = readFields(
      await runOnce("create-key", programs.admin, ["create-key", ...identity, "--scopes", "all"], environment, signal),
    );
    const { id, secret } = key;
    if (id === undefined || secret === undefined) throw new Error("create-key gave no key");
    await writeFileAtomically(directory.demoFile, `${JSON.stringify({ email: demoEmail, keyId: id })}\n`);
    progress.line(`A demo account, ${demoEmail}. Its API key and password are shown this once:`);
    progress.line();
    progress.line(`  key       ${progress.style("bold", secret)}`);
    if (account["password"] !== undefined) progress.line(`  password  ${account["password"]}`);
    progress.line();
    progress.line("Put a test picture on air: three commands for another terminal, with curl and ffmpeg.");
    for (const { about, command } of firstShow(addresses, secret)) {
      progress.line();
      progress.line(progress.style("dim", `# ${about}`));
      progress.line(command);
    }
    progress.line();
    progress.line("Then make a show of it: scenes, fades and captions are the next section of README.md.");
    progress.line();
  } catch (error) {
    signal.throwIfAborted();
    progress.line(`${progress.style("yellow", "warn")} no demo account was made: ${messageOf(error)}`);
    progress.line("./trax admin create-account and create-key make one.");
  }
}

/** The fields of the JSON object that an admin command prints. */
function readFields(text: string): Readonly<Record<string, string>> {
  const value: unknown = JSON.parse(text);
  const fields = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(fields.map(([name, field]: [string, unknown]) => [name, String(field)]));
}

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { findDataDirectory } from "../instance/data-directory.ts";
import { realPrograms } from "../instance/programs.ts";
import { askInstance } from "../instance/status-client.ts";
import { root } from "../repository.ts";
import { exitOf } from "../supervise/running.ts";
import { dataOption } from "./data-option.ts";

export function adminCommand(script: string = realPrograms.admin): Command {
  const admin = new Command("admin")
    .summary("make accounts and API keys")
    .description("Makes accounts and API keys on the running instance, past the API. Each command prints JSON.");
  for (const [name, about] of [
    ["create-account", "make an account, and a user who owns it"],
    ["create-key", "make an API key of an account; its secret is shown this once"],
    ["revoke-key", "revoke an API key, at once"],
  ] as const) {
    const command = admin
      .command(name)
      .summary(about)
      .description(`${about[0]?.toUpperCase()}${about.slice(1)}.`);
    if (name !== "revoke-key") {
      command
        .requiredOption("--email <email>", "whose account it is")
        .requiredOption("--name <name>", "what to call it");
    }
    if (name === "create-key") {
      command
        .requiredOption("--scopes <scopes>", "what it may do: scopes separated by commas, or all")
        .option("--expires-in <time>", "how long it works, as 30s, 15m, 12h or 30d (without: until revoked)", duration)
        .option("--allow <networks>", "from where it works: CIDRs separated by commas (without: from anywhere)")
        .option("--rate-limit <limit>", "requests/seconds it may make, as 6000/60 (without: TRAX_RATE_LIMIT)");
    }
    if (name === "revoke-key") command.requiredOption("--id <key>", "the key's id, key_…");
    command.addOption(dataOption()).action((options: Readonly<Record<string, string>>) => run(script, name, options));
  }
  return admin;
}

function duration(text: string): string {
  if (!/^[1-9]\d{0,8}[smhd]$/.test(text)) throw new InvalidArgumentError("It takes a time as 30s, 15m, 12h or 30d.");
  return text;
}

/** Hands the command to control's own program, with the environment of the instance that runs on the data directory. */
async function run(script: string, name: string, { data = "", ...options }: Readonly<Record<string, string>>) {
  const answer = await askInstance(await findDataDirectory(data), "/environment", data);
  const args = Object.entries(options).map(([option, value]) => `--${toKebab(option)}=${value}`);
  const child = spawn(process.execPath, [script, name, ...args], {
    cwd: root,
    env: { ...process.env, ...readEnvironment(answer) },
    stdio: "inherit",
  });
  const exit = await exitOf(child);
  process.exitCode = exit.signal === null ? (exit.code ?? 1) : 128 + constants.signals[exit.signal];
}

function toKebab(option: string): string {
  return option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function readEnvironment(answer: unknown): Record<string, string> {
  const entries: [string, unknown][] = typeof answer === "object" && answer !== null ? Object.entries(answer) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

import { Command } from "commander";
import { runChecks } from "../check/run-checks.ts";
import { openOutput, Progress } from "../terminal/progress.ts";

export function checkCommand(): Command {
  return new Command("check")
    .summary("types, lint, format, import rules, generated files")
    .description(
      "Checks types, lint, format, import rules and that generated files are fresh: what tools/checks.json lists.",
    )
    .action(async () => {
      const passed = await runChecks(new Progress(openOutput(process.stdout, process.stderr)));
      process.exitCode = passed ? 0 : 1;
    });
}

import { Command } from "commander";
import { findDataDirectory } from "../instance/data-directory.ts";
import { askInstance } from "../instance/status-client.ts";
import { formatStatus } from "../instance/status.ts";
import { dataOption } from "./data-option.ts";

export function statusCommand(): Command {
  return new Command("status")
    .summary("show what runs, and where it answers")
    .description("Shows the processes of the running instance and its addresses. Exit status 1 where none is running.")
    .addOption(dataOption())
    .option("--json", "as JSON")
    .action(async (options: { data: string; json?: boolean }) => {
      const status = await askInstance(await findDataDirectory(options.data), "/status", options.data);
      process.stdout.write(`${options.json === true ? JSON.stringify(status, null, 2) : formatStatus(status)}\n`);
    });
}

import { Command } from "commander";
import { adminCommand } from "./commands/admin.ts";
import { checkCommand } from "./commands/check.ts";
import { statusCommand } from "./commands/status.ts";
import { testCommand } from "./commands/test.ts";
import { upCommand } from "./commands/up.ts";
import { readVersion } from "./repository.ts";

/** The whole command line. */
export function buildProgram(): Command {
  return new Command("trax")
    .usage("<command> [options]")
    .description("TRaX, the API-first live-streaming studio.")
    .version(readVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this, or a command's own help")
    .helpCommand("help [command]", "print the help of a command")
    .configureHelp({
      subcommandTerm: (command) => [command.name(), command.usage().replace("[options]", "").trim()].join(" ").trim(),
    })
    .showSuggestionAfterError()
    .addCommand(upCommand())
    .addCommand(statusCommand())
    .addCommand(adminCommand())
    .addCommand(checkCommand())
    .addCommand(testCommand())
    .addHelpText(
      "after",
      `
Examples:
  $ ./trax up                                       start, and put a first picture on air
  $ ./trax status --json                            what runs, and where
  $ ./trax admin create-key --email me@example.com --name laptop --scopes all
  $ ./trax test destinations                        the tests whose file name has that in it`,
    );
}

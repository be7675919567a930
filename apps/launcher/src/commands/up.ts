import { Command } from "commander";
import { realPrograms } from "../instance/programs.ts";
import type { Programs } from "../instance/programs.ts";
import { runInstance } from "../supervise/run.ts";
import type { UpOptions } from "../supervise/run.ts";
import { openOutput } from "../terminal/progress.ts";
import { dataOption } from "./data-option.ts";

export function upCommand(programs: Programs = realPrograms): Command {
  return new Command("up")
    .summary("start TRaX on this machine")
    .description(
      "Starts TRaX: the database, the API and the media agent, in the foreground.\n" +
        "Ctrl-C (or SIGTERM) stops everything in order; once more forces it.",
    )
    .addOption(dataOption())
    .option("--ready-file <file>", "write the addresses there, as JSON, once everything answers")
    .option("--verbose", "show everything the processes log")
    .addHelpText(
      "after",
      `
Ports are set by TRAX_HTTP_PORT, TRAX_RTMP_PORT, TRAX_RTMPS_PORT, TRAX_SRT_PORT,
TRAX_WEBRTC_PORT, TRAX_WEBRTC_UDP_PORT, TRAX_HLS_PORT, TRAX_MOQ_PORT and
TRAX_OPERATOR_PORT; 0 takes any free one. docs/configuration.md lists every setting.

Exit status: 0 stopped in order, 1 could not start, 129, 130 or 143 stopped by force.

Examples:
  $ ./trax up
  $ TRAX_HTTP_PORT=9000 ./trax up --data /srv/trax
  $ DATABASE_URL=postgres://trax@db/trax ./trax up`,
    )
    .action(async (options: UpOptions) => {
      const status = await runInstance(options, process.env, programs, openOutput(process.stdout, process.stderr));
      // A forced stop waits for nothing that is still under way.
      if (status > 128) process.exit(status);
      process.exitCode = status;
    });
}

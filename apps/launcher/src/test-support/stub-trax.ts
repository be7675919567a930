import { join } from "node:path";
import { Command } from "commander";
import { adminCommand } from "../commands/admin.ts";
import { statusCommand } from "../commands/status.ts";
import { upCommand } from "../commands/up.ts";
import { openOutput, Progress } from "../terminal/progress.ts";

/** The launcher, with stand-ins for what it starts beside PostgreSQL. */
const stub = (name: string): string => join(import.meta.dirname, `stub-${name}.ts`);
const programs = {
  control: stub("control"),
  media: stub("media"),
  migrate: stub("migrate"),
  admin: stub("admin"),
  getMediaMtx: () => Promise.resolve("/bin/true"),
};
try {
  await new Command()
    .addCommand(upCommand(programs))
    .addCommand(statusCommand())
    .addCommand(adminCommand(programs.admin))
    .parseAsync();
} catch (error) {
  new Progress(openOutput(process.stdout, process.stderr)).failure(error);
  process.exitCode = 1;
}

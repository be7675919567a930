import { buildProgram } from "./program.ts";
import { openOutput, Progress } from "./terminal/progress.ts";

try {
  await buildProgram().parseAsync();
} catch (error) {
  new Progress(openOutput(process.stdout, process.stderr)).failure(error);
  process.exitCode = 1;
}

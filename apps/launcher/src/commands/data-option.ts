import { Option } from "commander";
import { defaultDataDir } from "../repository.ts";

/** `--data DIR`, which every command that speaks to an instance takes. */
export function dataOption(): Option {
  return new Option("--data <dir>", "the data directory of the instance").default(
    defaultDataDir,
    ".trax beside ./trax",
  );
}

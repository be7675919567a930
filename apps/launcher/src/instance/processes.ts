import { findByEnvironment, findByWorkIn } from "../process/process-table.ts";
import type { DataDirectory } from "./data-directory.ts";
import { instanceMark } from "./environment.ts";

/**
 * Every process of the instance on a data directory but the database's,
 * whoever their parent is by now: those that carry its mark, and MediaMTX,
 * which is started with an empty environment, in `run`, on its configuration
 * there (and goes on when the media agent is killed, so that publishers need
 * not notice).
 */
export async function findInstanceProcesses(directory: DataDirectory): Promise<number[]> {
  const [marked, routers] = await Promise.all([
    findByEnvironment(instanceMark, directory.id),
    findByWorkIn(directory.run),
  ]);
  return [...new Set([...marked, ...routers])];
}

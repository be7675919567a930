import { writeFileSync } from "node:fs";

/** Of all memory, in thousandths: so much more than it uses this process counts as using. */
const handicap = 500;

/**
 * Where a machine runs out of memory, Linux is to end this process rather than
 * the database, the router or the agent: it is one studio's, and there is
 * another one in seconds (`proc_pid_oom_score_adj(5)`).
 */
export function beFirstToGo(): void {
  try {
    writeFileSync("/proc/self/oom_score_adj", String(handicap));
  } catch {
    // Another system, or set higher already, which only the superuser may undo.
  }
}

import { pino } from "pino";
import type { Logger } from "pino";

export type { Logger } from "pino";

/** Where lines go: each call is one or more whole lines. */
export type LogDestination = { write(lines: string): void };

/** Standard output, every line written before the call returns, so that a crash loses none. */
export function openStandardOutput(): LogDestination {
  return pino.destination({ fd: 1, sync: true });
}

/**
 * One JSON line an event on standard output. Secrets cannot get in by the
 * usual ways: `Secret` values print as `[secret]`, and the names that
 * credentials go by in headers and bodies are cut out whatever they hold.
 */
export function openLog(name: string, level: string, destination: LogDestination = openStandardOutput()): Logger {
  return pino(
    {
      name,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: ["authorization", "cookie", "token", "password", "streamKey", "secret"].flatMap((key) => [
          key,
          `*.${key}`,
          `*.*.${key}`,
        ]),
        censor: "[secret]",
      },
    },
    destination,
  );
}

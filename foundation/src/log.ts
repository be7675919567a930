import { pino, stdSerializers } from "pino";
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
 * usual ways: `Secret` values print as `[secret]`, the names that credentials
 * go by in headers and bodies are cut out whatever they hold, and of an error
 * only what cannot carry data is told.
 */
export function openLog(name: string, level: string, destination: LogDestination = openStandardOutput()): Logger {
  return pino(
    {
      name,
      level,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: errorShown },
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

/** Names and numbers that say which error it is; each is a word of a system's, never a value of ours. */
const shownFields = ["code", "syscall", "severity", "table", "column", "constraint", "routine"];

/**
 * Errors carry along what they were about: PostgreSQL's the row that failed, an
 * idle connection's the whole client, one of a URL its text. None of it is told.
 */
function errorShown(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { type, message, stack } = stdSerializers.err(error);
  const fields = Object.entries(error).filter(
    ([name, value]) => shownFields.includes(name) && (typeof value === "string" || typeof value === "number"),
  );
  const parts = error instanceof AggregateError ? { errors: error.errors.map(errorShown) } : {};
  return { type, message, stack, ...Object.fromEntries(fields), ...parts };
}

import { pino } from "pino";
import type { Logger } from "pino";

export type { Logger } from "pino";

/**
 * One JSON line an event on standard output. Secrets cannot get in by the
 * usual ways: `Secret` values print as `[secret]`, and the names that
 * credentials go by in headers and bodies are cut out whatever they hold.
 */
export function openLog(name: string, level: string): Logger {
  return pino({
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
  });
}

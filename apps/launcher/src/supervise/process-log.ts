import type { Readable } from "node:stream";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { LogFile } from "./log-file.ts";

/** Something a process wrote that somebody at the terminal should know. */
export type Notice = { readonly process: string; readonly level: "warn" | "error"; readonly message: string };

export type LogListener = {
  /** Every line, as it was written: for `--verbose`. */
  readonly onLine: (process: string, line: string) => void;
  readonly onNotice: (notice: Notice) => void;
};

const keptLines = 12;

/** Takes in what one process writes, over all its restarts: to its file, and what matters to the terminal. */
export class ProcessLog {
  readonly path: string;
  readonly #name: string;
  readonly #file: LogFile;
  readonly #listener: LogListener;
  #lastLines: string[] = [];
  #closed = false;

  constructor(directory: string, name: string, listener: LogListener) {
    this.path = join(directory, `${name}.log`);
    this.#name = name;
    this.#file = new LogFile(this.path);
    this.#listener = listener;
  }

  /** The last lines written, made readable: what to show when the process failed. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  follow(...streams: readonly (Readable | null)[]): void {
    this.#lastLines = [];
    for (const stream of streams) {
      if (stream === null) continue;
      // The interface ends with the stream, which ends with the process.
      createInterface({ input: stream, crlfDelay: Infinity }).on("line", (line) => this.#take(line));
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }

  #take(line: string): void {
    if (this.#closed || line === "") return;
    this.#file.write(`${line}\n`);
    this.#listener.onLine(this.#name, printable(line));
    const read = readLine(line);
    const [level, message] = [read.level, printable(read.message)];
    this.#lastLines = [...this.#lastLines, message].slice(-keptLines);
    if (level !== null) this.#listener.onNotice({ process: this.#name, level, message });
  }
}

/** Without control characters but line ends and tabs: what a stranger's server said must not steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "\ufffd");
}

/** Reads a line of pino's JSON, of PostgreSQL's log, or of a stack trace. */
function readLine(line: string): { readonly level: "warn" | "error" | null; readonly message: string } {
  if (line.startsWith("{")) {
    try {
      return readJson(JSON.parse(line), line);
    } catch {
      return { level: null, message: line };
    }
  }
  // PostgreSQL's FATAL is one client's connection, which that client reports itself.
  return { level: /\bPANIC:/.test(line) ? "error" : null, message: line };
}

function readJson(value: unknown, line: string): { readonly level: "warn" | "error" | null; readonly message: string } {
  const { level, msg, err } = typeof value === "object" && value !== null ? { ...fieldsOf(value) } : fieldsOf({});
  const detail = typeof err === "object" && err !== null && "message" in err ? String(err.message) : "";
  const text = [typeof msg === "string" ? msg : "", detail]
    .filter((part, index, all) => part !== "" && all.indexOf(part) === index)
    .join(": ");
  const severity = level === "warn" || level === 40 ? "warn" : null;
  const isError = level === "error" || level === "fatal" || level === 50 || level === 60;
  return { level: isError ? "error" : severity, message: text === "" ? line : text };
}

function fieldsOf(value: object): { level: unknown; msg: unknown; err: unknown } {
  return {
    level: "level" in value ? value.level : null,
    msg: "msg" in value ? value.msg : null,
    err: "err" in value ? value.err : null,
  };
}

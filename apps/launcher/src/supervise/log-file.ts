import { closeSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import { isErrno } from "../failure.ts";

const usualLimit = 20 * 1024 * 1024;

/**
 * One process's log. The one of the last run, or of before it grew over
 * `limit` bytes, is kept as `.1`. Writes are synchronous, so that what a
 * process said last is there when the supervisor dies too.
 */
export class LogFile {
  readonly #path: string;
  readonly #limit: number;
  #descriptor: number;
  #size = 0;

  constructor(path: string, limit = usualLimit) {
    this.#path = path;
    this.#limit = limit;
    this.#descriptor = this.#openEmpty();
  }

  write(text: string): void {
    if (this.#size > this.#limit) {
      closeSync(this.#descriptor);
      this.#descriptor = this.#openEmpty();
    }
    this.#size += writeSync(this.#descriptor, text);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #openEmpty(): number {
    try {
      if (statSync(this.#path).size > 0) renameSync(this.#path, `${this.#path}.1`);
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
    }
    this.#size = 0;
    return openSync(this.#path, "a", 0o600);
  }
}

import { styleText } from "node:util";
import { Failure, messageOf } from "../failure.ts";

/** Where progress goes, and where a failure does. */
export type Output = {
  readonly line: (text: string) => void;
  readonly errorLine: (text: string) => void;
  readonly isTerminal: boolean;
};

export function openOutput(stream: NodeJS.WriteStream, errors: NodeJS.WriteStream): Output {
  // A terminal that is closed, or a reader that has gone, ends the output and not the instance.
  for (const one of [stream, errors]) one.on("error", () => undefined);
  return {
    line: (text) => void stream.write(`${text}\n`),
    errorLine: (text) => void errors.write(`${text}\n`),
    isTerminal: stream.isTTY,
  };
}

type Style = "green" | "red" | "yellow" | "dim" | "bold" | "cyan";

/** Steps of a start, a line each: plain text that reads the same in a terminal and in a log file. */
export class Progress {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  line(text = ""): void {
    this.#output.line(text);
  }

  style(style: Style, text: string): string {
    return this.#output.isTerminal ? styleText(style, text, { validateStream: false }) : text;
  }

  /**
   * Runs one step: `✓ title` with its time when done, `✗ title` when it fails.
   * A step that takes over a second says beforehand that it is at work, and
   * `note` prints what it is doing meanwhile.
   */
  async step<T>(title: string, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const announcement = setTimeout(() => this.line(`${this.style("dim", "…")} ${title}`), 1_000);
    try {
      const result = await work((text) => this.line(this.style("dim", `  ${text}`)));
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      this.line(`${this.style("green", "✓")} ${title} ${this.style("dim", `(${seconds} s)`)}`);
      return result;
    } catch (error) {
      this.line(`${this.style("red", "✗")} ${title}`);
      throw error;
    } finally {
      clearTimeout(announcement);
    }
  }

  failure(error: unknown): void {
    this.#output.errorLine(`${this.style("red", "error:")} ${messageOf(error)}`);
    if (error instanceof Failure && error.hint !== null)
      this.#output.errorLine(`${this.style("yellow", "hint:")} ${error.hint}`);
  }
}

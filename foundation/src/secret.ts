import { inspect } from "node:util";

/**
 * A value that must never be seen by accident: it prints, logs, serialises and
 * concatenates as `[secret]`. `reveal()` is the only way to the text, so every
 * use can be found by searching for that name.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}

import { EventEnvelope } from "@trax/contract";
import type { TestControl } from "./control.ts";

/** Follows a stream of server-sent events, as a client that knows only the standard would. */
export class EventReader implements AsyncDisposable {
  readonly #lines: AsyncIterator<string>;
  readonly #controller: AbortController;

  private constructor(lines: AsyncIterator<string>, controller: AbortController) {
    this.#lines = lines;
    this.#controller = controller;
  }

  /** Resolves once the stream is open and what comes from then on is sent. */
  static async open(control: TestControl, key: string, path: string, headers: object = {}): Promise<EventReader> {
    const controller = new AbortController();
    const response = await fetch(control.baseUrl + path, {
      headers: { authorization: `Bearer ${key}`, ...headers },
      signal: controller.signal,
    });
    if (response.status !== 200 || response.body === null)
      throw new Error(`${response.status}: ${await response.text()}`);
    return new EventReader(linesOf(response.body), controller);
  }

  /** The next event; null when the stream has ended. */
  async next(): Promise<EventEnvelope | null> {
    const fields = new Map<string, string>();
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) return null;
      if (value === "" && fields.has("data")) break;
      const colon = value.indexOf(": ");
      if (colon > 0) fields.set(value.slice(0, colon), value.slice(colon + 2));
    }
    const envelope = EventEnvelope.parse(JSON.parse(fields.get("data") ?? ""));
    if (fields.get("id") !== envelope.id || fields.get("event") !== envelope.type)
      throw new Error("fields and data differ");
    return envelope;
  }

  async take(count: number): Promise<string[]> {
    const ids: string[] = [];
    while (ids.length < count) {
      const event = await this.next();
      if (event === null) throw new Error(`the stream ended after ${ids.length} of ${count} events`);
      ids.push(event.id);
    }
    return ids;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    return Promise.resolve();
  }
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}

import { formatLine } from "./line.ts";
import type { Place, Said } from "./said.ts";

/** Older than this is not asked for, ms: who begins to read again after a day begins anew. */
const oldestMs = 3_600_000;
const usualPage = 100;
const mostPages = 10;
const answerMs = 10_000;
/** Of a server that is not what it should be, no more is kept. */
const mostOpen = 10;
const mostInOne = 1_000;

/**
 * A channel's history, page by page (ircv3.net/specs/extensions/chathistory).
 * The connection tells it of batches that begin, what is in them, and their end.
 */
export class History {
  readonly #channel: string;
  readonly #write: (line: string) => void;
  readonly #open = new Map<string, Said[]>();
  #asked: PromiseWithResolvers<readonly Said[] | null> | null = null;
  /** What the server gives at once, by its `CHATHISTORY`. */
  #page = usualPage;

  constructor(channel: string, write: (line: string) => void) {
    this.#channel = channel;
    this.#write = write;
  }

  learn(params: readonly string[]): void {
    const page = params.map((param) => /^CHATHISTORY=(\d{1,6})$/.exec(param)?.[1]).find((text) => text !== undefined);
    if (page !== undefined && Number(page) > 0) this.#page = Math.min(usualPage, Number(page));
  }

  /** `BATCH`: answers what was in one that ended and that nobody had asked for. */
  batch([mark = "", type = ""]: readonly string[]): readonly Said[] {
    const reference = mark.slice(1);
    if (mark.startsWith("+")) {
      if (type === "chathistory" && this.#open.size < mostOpen) this.#open.set(reference, []);
      return [];
    }
    const found = this.#open.get(reference) ?? [];
    if (!this.#open.delete(reference)) return [];
    if (this.#asked === null) return found;
    this.#asked.resolve(found);
    return [];
  }

  /** Whether it is of a batch, and kept for its end. */
  keeps(reference: string | undefined, said: Said): boolean {
    const batch = reference === undefined ? undefined : this.#open.get(reference);
    if (batch !== undefined && batch.length < mostInOne) batch.push(said);
    return batch !== undefined;
  }

  /** `FAIL CHATHISTORY`, or the connection is lost. */
  failed(): void {
    this.#asked?.resolve(null);
  }

  /** What was said after that place, oldest first; what the server does not keep any more is missing. */
  async after(place: Place): Promise<readonly Said[]> {
    if (place.time < Date.now() - oldestMs) return [];
    const all: Said[] = [];
    let from = place;
    for (let page = 0; page < mostPages; page += 1) {
      // A message may be gone where its time is still known.
      const byId = from.id === null ? null : await this.#ask(`msgid=${from.id}`);
      const found = byId ?? (await this.#ask(`timestamp=${new Date(from.time).toISOString()}`)) ?? [];
      all.push(...found);
      const last = found.findLast(({ at }) => at !== null)?.at ?? null;
      if (found.length < this.#page || last === null) break;
      from = last;
    }
    return all;
  }

  async #ask(reference: string): Promise<readonly Said[] | null> {
    const asked = Promise.withResolvers<readonly Said[] | null>();
    this.#asked = asked;
    const timer = setTimeout(() => asked.resolve(null), answerMs);
    this.#write(formatLine("CHATHISTORY", ["AFTER", this.#channel, reference, String(this.#page)]));
    try {
      return await asked.promise;
    } finally {
      clearTimeout(timer);
      this.#asked = null;
    }
  }
}

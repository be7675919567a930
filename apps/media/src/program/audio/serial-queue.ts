/**
 * Takes items in order, one at a time, off the caller's way. When more wait than
 * `limit`, the oldest is left out.
 */
export class SerialQueue<Item> {
  readonly #limit: number;
  readonly #take: (item: Item) => Promise<void>;
  readonly #free: () => void;
  readonly #items: Item[] = [];
  #running: Promise<void> | null = null;
  #isClosed = false;

  /** `take` must not reject. `free` is called once, after the last of it. */
  constructor(limit: number, take: (item: Item) => Promise<void>, free: () => void) {
    this.#limit = limit;
    this.#take = take;
    this.#free = free;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  push(item: Item): void {
    if (this.#isClosed) return;
    this.#items.push(item);
    if (this.#items.length > this.#limit) this.#items.shift();
    this.#running ??= this.#run();
  }

  /** When all that was pushed is done. */
  async settled(): Promise<void> {
    await this.#running;
  }

  /** Nothing more is taken. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#items.length = 0;
    if (this.#running === null) this.#free();
  }

  async #run(): Promise<void> {
    for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) await this.#take(item);
    this.#running = null;
    if (this.#isClosed) this.#free();
  }
}

/** Runs it, and stops all that it added, whatever becomes of it. */
export async function withOwned<T>(run: (owned: Owned) => Promise<T>): Promise<T> {
  const owned = new Owned();
  try {
    return await run(owned);
  } finally {
    await owned.stop();
  }
}

/** What was started, in order, so that it can all be stopped in the opposite one, whatever else fails. */
export class Owned {
  readonly #stops: (() => Promise<void>)[] = [];

  add<T extends { readonly stop: () => Promise<void> }>(thing: T): T {
    this.#stops.push(() => thing.stop());
    return thing;
  }

  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const stop of this.#stops.toReversed()) await stop().catch((error: unknown) => failures.push(error));
    this.#stops.length = 0;
    if (failures.length > 0) throw new AggregateError(failures, "not everything could be stopped");
  }
}

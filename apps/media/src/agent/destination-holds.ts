type Hold<Holder> = {
  readonly holder: Holder;
  /** The command to the holder that ended its having the destination; null while it has it. */
  endedBy: number | null;
};

/**
 * Which worker may be connected to a destination. A second one gets it only
 * when the first has said that its connection is closed, or is gone itself: two
 * copies are never pushed, whichever way a destination or a studio moves.
 */
export class DestinationHolds<Holder> {
  /** By studio, then by destination. */
  readonly #holds = new Map<string, Map<string, Hold<Holder>>>();

  /**
   * A holder is about to be told, by its command number `command`, to have just
   * these of the studio's destinations. Answers those it may have now.
   */
  take(holder: Holder, command: number, studioId: string, wanted: readonly string[]): ReadonlySet<string> {
    const holds = this.#holds.get(studioId) ?? new Map<string, Hold<Holder>>();
    const may = new Set(wanted.filter((id) => (holds.get(id)?.holder ?? holder) === holder));
    for (const [id, hold] of holds) if (hold.holder === holder && !may.has(id)) hold.endedBy ??= command;
    for (const id of may) holds.set(id, { holder, endedBy: null });
    if (holds.size > 0) this.#holds.set(studioId, holds);
    return may;
  }

  /** All that a holder's commands up to this one ended is closed. Answers what others may have now. */
  letGo(holder: Holder, command: number, studioId: string): string[] {
    return this.#release(
      studioId,
      (hold) => hold.holder === holder && hold.endedBy !== null && hold.endedBy <= command,
    );
  }

  /** A holder is gone, and its connections with it. Answers what others may have now, by studio. */
  gone(holder: Holder): ReadonlyMap<string, string[]> {
    const released = new Map<string, string[]>();
    for (const studioId of this.#holds.keys()) {
      const ids = this.#release(studioId, (hold) => hold.holder === holder);
      if (ids.length > 0) released.set(studioId, ids);
    }
    return released;
  }

  /** Whether anybody may be connected to a destination of this studio. */
  has(studioId: string): boolean {
    return this.#holds.has(studioId);
  }

  #release(studioId: string, isOver: (hold: Hold<Holder>) => boolean): string[] {
    const holds = this.#holds.get(studioId);
    if (holds === undefined) return [];
    const released = [...holds].flatMap(([id, hold]) => (isOver(hold) ? [id] : []));
    for (const id of released) holds.delete(id);
    if (holds.size === 0) this.#holds.delete(studioId);
    return released;
  }
}

import type { IngestProtocol, RouterConnection, RouterLink } from "../mediamtx/api.ts";
import type { SourceView } from "./source-watch.ts";

type Sample = { readonly at: number; readonly received: number; readonly lost: number };

const windowMs = 5_000;
/** Of fewer than these nothing can be told. */
const tellingPackets = 100;

/** What part of their packets publishers have lost over the last seconds, from the router's counters. */
export class LossWatch {
  #samples = new Map<string, readonly Sample[]>();

  /** Asks for the counters, where somebody publishes by what may lose anything. */
  async look(
    online: Iterable<SourceView>,
    linksOf: (protocol: IngestProtocol) => Promise<readonly RouterLink[]>,
  ): Promise<void> {
    const protocols = new Set([...online].map(({ protocol }) => protocol));
    const links: RouterLink[] = [];
    for (const protocol of ["srt", "whip"] as const)
      if (protocols.has(protocol)) links.push(...(await linksOf(protocol)));
    this.update(links, performance.now());
  }

  /** Takes in the counters of all who publish. `now` is monotonic, ms. */
  update(links: readonly RouterLink[], now: number): void {
    const before = this.#samples;
    this.#samples = new Map(
      links.map(({ id, received, lost }) => {
        const known = before.get(id) ?? [];
        // Counters that went back are another stream's.
        const isSame = received >= (known.at(-1)?.received ?? 0) && lost >= (known.at(-1)?.lost ?? 0);
        const kept = isSame ? known.filter(({ at }) => now - at <= windowMs) : [];
        return [id, [...kept, { at: now, received, lost }]];
      }),
    );
  }

  /** 0 to 1; null: it cannot be told, not yet, or no longer: the router has not been asked for a while. */
  of(publisher: Pick<RouterConnection, "id"> | null, now: number): number | null {
    const samples = publisher === null ? undefined : this.#samples.get(publisher.id);
    const [first, last] = [samples?.[0], samples?.at(-1)];
    if (first === undefined || last === undefined || now - last.at > windowMs) return null;
    const lost = last.lost - first.lost;
    const sent = last.received - first.received + lost;
    return sent < tellingPackets ? null : lost / sent;
  }
}

import { cpus } from "node:os";
import { megapixelsOf, usualCoresPerMegapixel } from "@trax/media-protocol";
import type { NodeLoad, ProgramWork } from "@trax/media-protocol";
import { usualEffort } from "../program/preset-ladder.ts";
import type { ProgramGauges } from "../program/protocol.ts";

/** A smaller program costs what its sound and its process do, and tells nothing of what pixels cost. */
const tellingMegapixels = 10;
/** Further behind a program has to wait for a processor, and uses less of one than it would. */
const keepingUpMs = 150;
/** What one second of one program changes the average by. */
const weight = 0.02;

/** What the last seconds change it by. */
const busyWeight = 0.1;

type Times = { readonly busy: number; readonly all: number };

function readTimes(): Times {
  let idle = 0;
  let all = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.user + times.nice + times.sys + times.idle + times.irq;
  }
  return { busy: all - idle, all };
}

/** What this node can carry, and how it fares, by what is measured on it. */
export class NodeMeter {
  readonly #cores: number;
  #coresPerMegapixel = usualCoresPerMegapixel;
  #last = readTimes();
  #busy = 0;

  /** `cores` that programs may use; null: nine tenths of those there are. */
  constructor(cores: number | null) {
    this.#cores = cores ?? cpus().length * 0.9;
  }

  /**
   * What a program used over a second, in cores. One that could not keep up is
   * given less to do: what that costs would make room for others in their turn.
   */
  programUsed(
    { cores, preset, behindMs }: Pick<ProgramGauges, "cores" | "preset" | "behindMs">,
    work: ProgramWork,
  ): void {
    if (preset !== usualEffort.name || behindMs > keepingUpMs) return;
    const megapixels = megapixelsOf(work);
    if (megapixels < tellingMegapixels || cores <= 0) return;
    this.#coresPerMegapixel += weight * (cores / megapixels - this.#coresPerMegapixel);
  }

  /** The load; to be asked every other second or so: `busy` is that of the last half minute. */
  read(): NodeLoad {
    const now = readTimes();
    const all = now.all - this.#last.all;
    // A busy moment is no busy node.
    if (all > 0) this.#busy += busyWeight * ((now.busy - this.#last.busy) / all - this.#busy);
    this.#last = now;
    return { cores: this.#cores, coresPerMegapixel: this.#coresPerMegapixel, busy: this.#busy };
  }
}

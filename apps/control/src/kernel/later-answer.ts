/**
 * What a handler answers with when its answer is only known some time after its
 * transaction has committed: the kernel commits, lets go of the connection, and
 * then does the work. With an `Idempotency-Key` a retry is told to wait
 * meanwhile; what the work answers is kept, and where it throws nothing is.
 */
export class LaterAnswer<Answer> {
  readonly work: () => Promise<Answer>;
  readonly mostMs: number;

  /** @param mostMs the longest that the work may take: so long the key is held */
  constructor(work: () => Promise<Answer>, mostMs = 15_000) {
    this.work = work;
    this.mostMs = mostMs;
  }
}

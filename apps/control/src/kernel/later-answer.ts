/**
 * What a handler answers with when its answer is only known some time after its
 * transaction has committed: the kernel commits, lets go of the connection, and
 * then does the work. With an `Idempotency-Key` a retry is told to wait
 * meanwhile; what the work answers is kept, and where it throws nothing is. It
 * must end well within `heldSeconds` (idempotency-sql.ts).
 */
export class LaterAnswer<Answer> {
  readonly work: () => Promise<Answer>;

  constructor(work: () => Promise<Answer>) {
    this.work = work;
  }
}

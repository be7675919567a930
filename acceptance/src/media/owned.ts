import { after } from "node:test";
import type { TestContext } from "node:test";

export type Stoppable = { readonly stop: () => Promise<void> };

type Work = () => Promise<void>;

const endings = new WeakMap<TestContext, Work[]>();

/** Runs when the test is over, all of it whatever fails: the runner itself would leave out what comes after a failure. */
export function atEnd(context: TestContext, work: Work): void {
  const known = endings.get(context);
  if (known !== undefined) {
    known.push(work);
    return;
  }
  const works = [work];
  endings.set(context, works);
  context.after(async () => {
    const failures: unknown[] = [];
    for (const one of works) await one().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, "a test could not be cleaned up after");
  });
}

/** Stops a peer when the test that owns it is over. */
export function owned<T extends Stoppable>(context: TestContext, peer: T): T {
  atEnd(context, () => peer.stop());
  return peer;
}

/** A peer that the tests of a file share: started when it is first asked for, stopped after the last of them. */
export function fileOwned<T extends Stoppable>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined;
  after(async () => {
    // One that did not start has failed the test that asked for it.
    const peer = await started?.catch(() => undefined);
    await peer?.stop();
  });
  return () => (started ??= start());
}

import { after } from "node:test";
import type { TestContext } from "node:test";

export type Stoppable = { readonly stop: () => Promise<void> };

/** Stops a peer when the test that owns it is over. */
export function owned<T extends Stoppable>(context: TestContext, peer: T): T {
  context.after(() => peer.stop());
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

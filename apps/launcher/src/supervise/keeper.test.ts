import assert from "node:assert/strict";
import { test } from "node:test";
import { Keeper, restartDelay } from "./keeper.ts";
import type { Exit, Program, Running } from "./running.ts";

test("the first restart is at once, later ones wait longer, never over 2 s", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 5, 6, 7, 50].map(restartDelay), [0, 100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000]);
});

/** A program whose runs end when the test says so. */
class FakeProgram implements Program {
  readonly name = "fake";
  readonly stopWithinMs = 10;
  readonly ends: ((exit: Exit) => void)[] = [];
  readonly launched: (() => void)[] = [];
  asked = 0;

  launch(): Promise<Running> {
    const { promise: exited, resolve } = Promise.withResolvers<Exit>();
    this.ends.push(resolve);
    this.launched.shift()?.();
    return Promise.resolve({ pid: 1_000_000 + this.ends.length, ready: Promise.resolve(), exited });
  }

  askToStop(): void {
    this.asked++;
    this.ends.at(-1)?.({ code: 0, signal: null });
  }

  nextLaunch(): Promise<void> {
    return new Promise((resolve) => this.launched.push(resolve));
  }
}

test("what dies is started again until it is stopped", async () => {
  const program = new FakeProgram();
  const lost: string[] = [];
  const listener = { onLost: (_: string, reason: string) => void lost.push(reason), onBack: () => undefined };
  const keeper = new Keeper(program, listener, new AbortController().signal);
  await keeper.start();
  const again = program.nextLaunch();
  program.ends.at(-1)?.({ code: null, signal: "SIGKILL" });
  await again;
  assert.equal(program.ends.length, 2);
  assert.deepEqual(lost, ["was ended by SIGKILL"]);
  await keeper.stop();
  assert.equal(program.asked, 1);
  assert.equal(program.ends.length, 2);
  assert.equal(keeper.pid, null);
});

test("once the instance is to stop, nothing is started again", async () => {
  const program = new FakeProgram();
  const instanceStop = new AbortController();
  const listener = { onLost: () => assert.fail("it was started again"), onBack: () => undefined };
  const keeper = new Keeper(program, listener, instanceStop.signal);
  await keeper.start();
  instanceStop.abort();
  program.ends.at(-1)?.({ code: null, signal: "SIGKILL" });
  await keeper.stop();
  assert.equal(program.ends.length, 1);
});

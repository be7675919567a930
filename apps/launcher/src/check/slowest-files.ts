import { resolve } from "node:path";
import type { TestEvent } from "node:test/reporters";

/** How many are told. */
const most = 15;

/**
 * A reporter for `node --test`: after the last test, the files that took longest, their processes' start included.
 */
async function* slowestFiles(events: AsyncIterable<TestEvent>): AsyncGenerator<string, void> {
  const files: { readonly name: string; readonly seconds: number }[] = [];
  for await (const { type, data } of events) {
    // A file is a test of its own, named after its path.
    if (type !== "test:complete" || data.nesting !== 0 || resolve(data.name) !== data.file) continue;
    files.push({ name: data.name, seconds: data.details.duration_ms / 1_000 });
  }
  if (files.length < 2) return;
  const slowest = files.toSorted((one, other) => other.seconds - one.seconds).slice(0, most);
  const lines = slowest.map(({ name, seconds }) => `${seconds.toFixed(1).padStart(6)} s  ${name}\n`);
  yield `\nslowest of ${files.length} files:\n${lines.join("")}\n`;
}

// oxlint-disable-next-line import/no-default-export -- what Node asks of a reporter
export default slowestFiles;

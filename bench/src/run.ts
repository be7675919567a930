import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { tempDirectory } from "@trax/peers";
import type { Benchmark } from "./benchmark.ts";
import { authenticatedRequest } from "./benchmarks/authenticated-request.ts";
import { destinationCost } from "./benchmarks/destination-cost.ts";
import { chatFanout } from "./benchmarks/chat-fanout.ts";
import { chatSend } from "./benchmarks/chat-send.ts";
import { frozenDestination } from "./benchmarks/frozen-destination.ts";
import { composedCpu } from "./benchmarks/composed-cpu.ts";
import { programScale } from "./benchmarks/program-scale.ts";
import { takeLatency } from "./benchmarks/take-latency.ts";
import { glassToGlass } from "./benchmarks/glass-to-glass.ts";
import { goLive } from "./benchmarks/go-live.ts";
import { programStart } from "./benchmarks/program-start.ts";
import { mediaList } from "./benchmarks/media-list.ts";
import { uploadThroughput } from "./benchmarks/upload-throughput.ts";
import { listPage } from "./benchmarks/list-page.ts";
import { relayCost } from "./benchmarks/relay-cost.ts";
import { describeMachine, describeVersions, load } from "./machine.ts";
import { asMarkdown, makeReport } from "./report.ts";
import { repository } from "./repository.ts";

/** `node bench/src/run.ts [NAME...] [--quick] [--out DIR]`: see bench/README.md. */
const benchmarks: readonly Benchmark[] = [
  authenticatedRequest,
  listPage,
  mediaList,
  uploadThroughput,
  goLive,
  destinationCost,
  relayCost,
  frozenDestination,
  composedCpu,
  programScale,
  takeLatency,
  glassToGlass,
  programStart,
  chatFanout,
  chatSend,
];

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, out: { type: "string" } },
});
const unknown = positionals.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name));
if (unknown.length > 0) {
  const known = benchmarks.map(({ name }) => name).join(", ");
  process.stderr.write(`no benchmark is called ${unknown.join(" or ")}; there are ${known}\n`);
  process.exitCode = 2;
} else {
  for (const benchmark of benchmarks)
    if (positionals.length === 0 || positionals.includes(benchmark.name)) await measure(benchmark);
}

/** A quick run's figures are shown and kept only where `--out` says so. */
async function measure(benchmark: Benchmark): Promise<void> {
  const { quick, out } = values;
  const say = (line: string): void => void process.stderr.write(`${benchmark.name}: ${line}\n`);
  const directory = await tempDirectory("bench");
  const startedAt = new Date();
  const before = load();
  try {
    const outcome = await benchmark.run({ quick, say, directory: directory.path });
    const report = makeReport(benchmark, outcome, {
      startedAt: startedAt.toISOString(),
      seconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
      quick,
      machine: describeMachine(),
      versions: await describeVersions(),
      load: { before, after: load() },
    });
    process.stdout.write(`${asMarkdown(report)}\n`);
    if (quick && out === undefined) return;
    const results = out ?? join(repository, "bench/results");
    await mkdir(results, { recursive: true });
    await writeFile(join(results, `${benchmark.name}.json`), `${JSON.stringify(report, null, 2)}\n`);
    await writeFile(join(results, `${benchmark.name}.md`), asMarkdown(report));
  } catch (error) {
    process.exitCode = 1;
    say(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  } finally {
    await directory.remove();
  }
}

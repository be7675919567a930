import { once } from "node:events";
import { z } from "zod";
import type { Benchmark, Outcome, Setting } from "../benchmark.ts";
import { forkProcess } from "../forked-process.ts";
import { cpuWhile } from "../process-cost.ts";
import { ratios } from "../statistics.ts";
import { startTrax } from "../trax.ts";
import { loadHttp } from "../wrk.ts";

const connections = 32;

/** GET /v1/me with a key, against a bare Fastify route that answers the same bytes to anybody. */
export const authenticatedRequest: Benchmark = {
  name: "authenticated-request",
  title: "An authenticated request against a bare Fastify route",
  run: async (setting) => {
    const trax = await startTrax(setting.directory);
    const bare = await forkProcess("bare-server.ts");
    try {
      const account = await trax.newAccount();
      bare.child.send(z.record(z.string(), z.json()).parse(await account.ask("GET", "/v1/me")));
      const [said]: unknown[] = await once(bare.child, "message");
      const { url } = z.object({ url: z.string() }).parse(said);
      const headers = { authorization: `Bearer ${account.revealKey()}` };
      return await compare(setting, {
        trax: {
          url: `${trax.baseUrl}/v1/me`,
          headers,
          pids: [await trax.pidOf("control"), await trax.pidOf("supervisor")],
        },
        bare: { url: `${url}/v1/me`, headers: {}, pids: [bare.pid] },
      });
    } finally {
      await bare.stop();
      await trax.stop();
    }
  },
};

type Subject = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly pids: readonly number[];
};
type Sample = {
  readonly perSecond: number;
  readonly microseconds: number;
  readonly besideIt: number;
  readonly p99: number;
};

async function compare(
  { quick, say, directory }: Setting,
  subjects: { readonly trax: Subject; readonly bare: Subject },
): Promise<Outcome> {
  const seconds = quick ? 1 : 5;
  const repetitions = quick ? 2 : 9;
  const sample = async ({ url, headers, pids }: Subject): Promise<Sample> => {
    const { cpuMs, result: load } = await cpuWhile(pids, () =>
      loadHttp({ url, headers, seconds, connections, directory }),
    );
    return {
      perSecond: load.perSecond,
      microseconds: ((cpuMs[0] ?? Number.NaN) * 1000) / load.requests,
      besideIt: ((cpuMs[1] ?? 0) * 1000) / load.requests,
      p99: load.p99,
    };
  };
  // The first of each is for the just-in-time compiler.
  await sample(subjects.trax);
  await sample(subjects.bare);
  const trax: Sample[] = [];
  const bare: Sample[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    trax.push(await sample(subjects.trax));
    bare.push(await sample(subjects.bare));
    say(
      `${repetition} of ${repetitions}: ${trax.at(-1)?.perSecond.toFixed(0)} against ${bare.at(-1)?.perSecond.toFixed(0)} a second`,
    );
  }
  const rate = (samples: readonly Sample[]): number[] => samples.map(({ perSecond }) => perSecond);
  const cost = (samples: readonly Sample[]): number[] => samples.map(({ microseconds }) => microseconds);
  return {
    method:
      `wrk with one thread and ${connections} connections, ${seconds} s each, in turns (TRaX, bare, TRaX, ...), after a turn each that does not count. ` +
      "TRaX is the control process of `./trax up` as it is shipped (rate limit raised, logs and metrics on); the peer is Fastify in a process of its own, " +
      "one route that answers the same JSON with no authentication. The ratio is of each turn and the one after it.",
    series: [
      { name: "TRaX, GET /v1/me", unit: "requests/s", samples: rate(trax) },
      { name: "bare Fastify", unit: "requests/s", samples: rate(bare) },
      { name: "TRaX / bare", unit: "ratio", samples: ratios(rate(trax), rate(bare)), goal: { atLeast: 0.7 } },
      { name: "TRaX, CPU a request", unit: "µs", samples: cost(trax) },
      { name: "bare Fastify, CPU a request", unit: "µs", samples: cost(bare) },
      { name: "bare / TRaX, CPU a request", unit: "ratio", samples: ratios(cost(bare), cost(trax)) },
      { name: "TRaX, the supervisor's CPU a request", unit: "µs", samples: trax.map(({ besideIt }) => besideIt) },
      { name: "TRaX, p99", unit: "ms", samples: trax.map(({ p99 }) => p99) },
      { name: "bare Fastify, p99", unit: "ms", samples: bare.map(({ p99 }) => p99) },
    ],
    notes: [
      "CPU a request is of the serving process alone, and does not suffer from whatever else runs; requests a second do.",
      "The supervisor is `./trax up` itself, which takes control's log lines, one a request, into a file.",
    ],
  };
}

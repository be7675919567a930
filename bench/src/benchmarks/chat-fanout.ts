import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "@trax/peers";
import { startTwitch } from "@trax/peers/twitch/server";
import type { Benchmark, Outcome, Setting } from "../benchmark.ts";
import { openChatReaders } from "../chat-readers.ts";
import { startChatStudio } from "../chat-studio.ts";
import { withOwned } from "../owned.ts";
import type { Owned } from "../owned.ts";
import { costOf } from "../process-cost.ts";
import { percentile } from "../statistics.ts";

const perSecond = 1_000;
const readersAtOnce = 500;
const sampled = 20;

/** 1,000 messages a second into one studio that 500 follow. */
export const chatFanout: Benchmark = {
  name: "chat-fanout",
  title: "1,000 chat messages a second to 500 readers of one studio",
  run: (setting) => withOwned((owned) => measure(setting, owned)),
};

async function measure({ quick, say, directory }: Setting, owned: Owned): Promise<Outcome> {
  const seconds = quick ? 5 : 20;
  const repetitions = quick ? 1 : 3;
  const twitch = owned.add(await startTwitch({ rateLimit: 1_000_000 }));
  const { trax, studio } = await startChatStudio(owned, directory, {
    ...twitch.baseUrls,
    TRAX_TWITCH_CLIENT_ID: twitch.clientId,
    TRAX_TWITCH_CLIENT_SECRET: twitch.clientSecret,
  });
  const channel = twitch.addUser({ login: "channel" });
  twitch.decide({ kind: "consent", userId: channel.id });
  const chatters = Array.from({ length: 200 }, (_, index) => twitch.addUser({ login: `chatter${index}` }));
  await studio.enable([await studio.authorize("twitch")]);
  await studio.untilReading();
  const url = `${trax.baseUrl}${studio.path}/events`;
  const key = studio.account.revealKey();
  const readers = owned.add(await openChatReaders({ url, key, count: readersAtOnce, sampled }));
  const groups = [[await trax.pidOf("control")], await trax.databasePids(), [readers.pid], [process.pid]];

  /** Says so many a second, evenly, each with the moment it is said; answers how many. */
  const talk = async (): Promise<number> => {
    const start = performance.now();
    let said = 0;
    while (said < seconds * perSecond) {
      const due = Math.min(seconds * perSecond, ((performance.now() - start) / 1_000) * perSecond);
      for (; said < due; said++) {
        const chatter = chatters[said % chatters.length] ?? channel;
        twitch.say(
          channel,
          chatter,
          `at ${(performance.timeOrigin + performance.now()).toFixed(3)} and so on, message ${said}`,
        );
      }
      await delay(5);
    }
    return said;
  };

  const p50: number[] = [];
  const p99: number[] = [];
  const slowest: number[] = [];
  const rates: number[] = [];
  const cpu: number[][] = groups.map(() => []);
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    const begun = performance.now();
    const before = await Promise.all(groups.map(spentBy));
    const said = await talk();
    rates.push(said / ((performance.now() - begun) / 1_000));
    await waitFor("all have got all", async () => (await readers.report("count")).least >= said, 60_000);
    const after = await Promise.all(groups.map(spentBy));
    const { least, most, latencies } = await readers.report("reset");
    if (least !== said || most !== said) throw new Error(`${said} were said; readers got between ${least} and ${most}`);
    p50.push(percentile(latencies, 0.5));
    p99.push(percentile(latencies, 0.99));
    slowest.push(percentile(latencies, 1));
    for (const [index, those] of after.entries()) cpu[index]?.push(spentSince(before[index], those) / said);
    say(`${repetition} of ${repetitions}: p50 ${p50.at(-1)?.toFixed(1)} ms, p99 ${p99.at(-1)?.toFixed(1)} ms`);
  }
  return {
    method:
      `A Twitch of our own says ${perSecond} messages a second for ${seconds} s, evenly, in one channel, by EventSub over WebSocket. TRaX reads it by its adapter, stores each, and ` +
      `sends it by SSE to ${readersAtOnce} readers in one process. Each text has the moment it was said; ${sampled} of the readers look at it as the bytes come. Every reader must get every message once.`,
    series: [
      { name: "said", unit: "1/s", samples: rates },
      { name: "platform to reader, p50", unit: "ms", samples: p50 },
      { name: "platform to reader, p99", unit: "ms", samples: p99 },
      { name: "platform to reader, slowest", unit: "ms", samples: slowest },
      { name: "control's CPU a message", unit: "ms", samples: cpu[0] ?? [] },
      { name: "PostgreSQL's CPU a message", unit: "ms", samples: cpu[1] ?? [] },
      { name: "the readers' CPU a message", unit: "ms", samples: cpu[2] ?? [] },
      { name: "the Twitch's CPU a message", unit: "ms", samples: cpu[3] ?? [] },
    ],
    notes: [
      "The Twitch, the readers, TRaX and PostgreSQL share the machine: the delay holds what all of them cost.",
      "1 ms of CPU a message is a whole core at this rate. The kernel's part of sending and of receiving is in it, on the side of whoever it ran for.",
    ],
  };
}

type Spent = ReadonlyMap<number, number>;

/** The CPU of each process so far, ms. */
async function spentBy(pids: readonly number[]): Promise<Spent> {
  const costs = await Promise.all(pids.map(async (pid) => [pid, await costOf(pid)] as const));
  return new Map(costs.flatMap(([pid, cost]) => (cost === null ? [] : [[pid, cost.cpuMs] as const])));
}

/** Of those that lived throughout: a database's connections come and go. */
function spentSince(before: Spent | undefined, after: Spent): number {
  return [...after].reduce((total, [pid, ms]) => total + ms - (before?.get(pid) ?? ms), 0);
}

import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "@trax/peers";
import { startTwitch } from "@trax/peers/twitch/server";
import type { Benchmark, Outcome, Setting } from "../benchmark.ts";
import { ChatStudio, environmentOf } from "../chat-studio.ts";
import { Owned } from "../owned.ts";
import { startStallingProxy } from "../stalling-proxy.ts";
import { percentile } from "../statistics.ts";
import { startTrax } from "../trax.ts";

const accounts = 5;
const everyMs = 250;

/** One message to five chats, all well against one of them stalled: when the other four have it. */
export const chatSend: Benchmark = {
  name: "chat-send",
  title: "Sending to five chats with one of them stalled: the other four",
  run: async (setting) => {
    const owned = new Owned();
    try {
      return await measure(setting, owned);
    } finally {
      await owned.stop();
    }
  },
};

async function measure({ quick, say, directory }: Setting, owned: Owned): Promise<Outcome> {
  const messages = quick ? 10 : 40;
  const repetitions = quick ? 1 : 3;
  const twitch = owned.add(await startTwitch({ rateLimit: 1_000_000 }));
  const users = Array.from({ length: accounts }, (_, index) => twitch.addUser({ login: `channel${index}` }));
  const [fifth] = users.slice(-1);
  let isStalled = false;
  const api = new URL(twitch.baseUrls["TRAX_TWITCH_API_URL"] ?? "");
  /** When each text was taken, by the user it was sent as. */
  const taken = new Map<string, Map<string, number>>();
  const proxy = owned.add(
    await startStallingProxy(api.origin, ({ method, path, body }) => {
      if (method !== "POST" || !path.includes("/chat/messages")) return false;
      const sender = users.find(({ id }) => path.includes(`sender_id=${id}`) || body.includes(`"sender_id":"${id}"`));
      const message = /"message":"([^"]*)"/.exec(body)?.[1] ?? new URL(path, api).searchParams.get("message") ?? "";
      if (sender === undefined) throw new Error(`nobody known sent ${body}`);
      const of = taken.get(message) ?? new Map<string, number>();
      taken.set(message, of.set(sender.id, performance.now()));
      return isStalled && sender === fifth;
    }),
  );
  const trax = owned.add(await startTrax(directory, environmentOf(twitch, proxy.url + api.pathname)));
  const studio = await ChatStudio.create(await trax.newAccount());
  await studio.enable(twitch, users);
  const four = users.slice(0, -1);

  let turn = 0;
  const round = async (): Promise<number[]> => {
    const delays: number[] = [];
    turn += 1;
    for (let count = 0; count < messages; count++) {
      const message = `message ${count} of turn ${turn}`;
      const asked = performance.now();
      await studio.send(message);
      const of = await waitFor(`four have "${message}"`, () => {
        const at = taken.get(message);
        return at !== undefined && four.every(({ id }) => at.has(id)) ? at : null;
      });
      delays.push(...four.map(({ id }) => (of.get(id) ?? Number.NaN) - asked));
      await delay(Math.max(0, asked + everyMs - performance.now()));
    }
    return delays;
  };

  const [well, stalled]: [number[], number[]] = [[], []];
  const [wellLate, stalledLate]: [number[], number[]] = [[], []];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    isStalled = false;
    const all = await round();
    isStalled = true;
    const others = await round();
    well.push(percentile(all, 0.5));
    wellLate.push(percentile(all, 0.99));
    stalled.push(percentile(others, 0.5));
    stalledLate.push(percentile(others, 0.99));
    say(`${repetition} of ${repetitions}: p50 ${well.at(-1)?.toFixed(1)} ms against ${stalled.at(-1)?.toFixed(1)} ms`);
  }
  return {
    method:
      `One studio with ${accounts} accounts on a Twitch of our own, ${messages} messages ${everyMs} ms apart, in turns: all well; and the fifth account's requests taken and never answered. ` +
      "The delay is from asking TRaX to the platform's having the request, for each of the other four.",
    series: [
      { name: "all five well, p50", unit: "ms", samples: well },
      { name: "one stalled, the other four, p50", unit: "ms", samples: stalled },
      { name: "all five well, p99", unit: "ms", samples: wellLate },
      { name: "one stalled, the other four, p99", unit: "ms", samples: stalledLate },
    ],
    notes: ["What waits for the stalled one is refused once a hundred do, and each is given up after 15 s."],
  };
}

import { setTimeout as delay } from "node:timers/promises";
import { waitFor } from "@trax/peers";
import type { Benchmark, Outcome, Setting } from "../benchmark.ts";
import { platformNames, startFivePlatforms } from "../chat-platforms.ts";
import { startChatStudio } from "../chat-studio.ts";
import { withOwned } from "../owned.ts";
import type { Owned } from "../owned.ts";
import { percentile } from "../statistics.ts";

/** As fast as IRC may be written to for long, by TRaX's own pace. */
const everyMs = 2_000;
const stalls = "kick";
const four = platformNames.filter((name) => name !== stalls);

/** One message to five platforms, all well against one of them stalled: when the other four have it. */
export const chatSend: Benchmark = {
  name: "chat-send",
  title: "Sending to five platforms with one of them stalled: the other four",
  run: (setting) => withOwned((owned) => measure(setting, owned)),
};

async function measure({ quick, say, directory }: Setting, owned: Owned): Promise<Outcome> {
  const messages = quick ? 3 : 10;
  const repetitions = quick ? 1 : 3;
  const platforms = await startFivePlatforms(owned, /message \d+ of turn \d+/);
  const { studio } = await startChatStudio(owned, directory, platforms.environment);
  await studio.enable(await platforms.link(studio));

  let turn = 0;
  const round = async (): Promise<number[]> => {
    const delays: number[] = [];
    turn += 1;
    for (let count = 1; count <= messages; count++) {
      const message = `message ${count} of turn ${turn}`;
      const asked = performance.now();
      await studio.send(message);
      const at = await waitFor(`four have "${message}"`, () => {
        const those = platforms.arrivals(message);
        return four.every((name) => those.has(name)) ? those : null;
      });
      delays.push(...four.map((name) => (at.get(name) ?? Number.NaN) - asked));
      await delay(Math.max(0, asked + everyMs - performance.now()));
    }
    return delays;
  };
  /** All five take messages, whatever was left of what stalled. */
  const untilWell = async (): Promise<void> => {
    platforms.stall(null);
    const message = `message 0 of turn ${turn}`;
    await studio.send(message);
    await waitFor("all five have a message", () => platforms.arrivals(message).size === platformNames.length, 60_000);
  };

  const [well, stalled]: [number[], number[]] = [[], []];
  const [wellLate, stalledLate]: [number[], number[]] = [[], []];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    await untilWell();
    const all = await round();
    platforms.stall(stalls);
    const others = await round();
    well.push(percentile(all, 0.5));
    wellLate.push(percentile(all, 0.99));
    stalled.push(percentile(others, 0.5));
    stalledLate.push(percentile(others, 0.99));
    say(`${repetition} of ${repetitions}: p50 ${well.at(-1)?.toFixed(1)} ms against ${stalled.at(-1)?.toFixed(1)} ms`);
  }
  return {
    method:
      `One studio with five platforms: a Twitch, a YouTube, a Kick and an Owncast of our own and Debian's ngIRCd; ${messages} messages ${everyMs} ms apart, in turns: all well; and ${stalls}'s requests taken and never answered. ` +
      "The delay is from asking TRaX to the platform's having the request in full, or somebody else in the IRC channel having the line, for each of the other four.",
    series: [
      { name: "all five well, the four, p50", unit: "ms", samples: well },
      { name: "one stalled, the four, p50", unit: "ms", samples: stalled },
      { name: "all five well, the four, p99", unit: "ms", samples: wellLate },
      { name: "one stalled, the four, p99", unit: "ms", samples: stalledLate },
    ],
    notes: [
      "What waits for the stalled one is refused once a hundred do, and each is given up after 15 s.",
      "TRaX writes five lines to an IRC server at once and one in two seconds from then on, as such servers ask: hence the pause.",
    ],
  };
}

import { folded } from "./line.ts";
import type { IrcLine } from "./line.ts";

/** What a member's marks are called: founder, protected, operator, half-operator, voice. */
const names: Readonly<Record<string, string>> = {
  "~": "founder",
  "&": "admin",
  "@": "operator",
  "%": "half-operator",
  "+": "voice",
};

/** Of a server that is not what it should be, no more is kept. */
const mostMarked = 20_000;

export type Standing = {
  readonly badges: readonly string[];
  readonly isModerator: boolean;
  readonly isOwner: boolean;
};

/** Who stands how in a channel, kept up from what the server tells (RFC 2812, 3.2.3; modern.ircdocs.horse, PREFIX). */
export class Members {
  readonly #channel: string;
  readonly #marks = new Map<string, string>();
  /** Mark by mode letter. */
  #ranks = new Map([
    ["o", "@"],
    ["v", "+"],
  ]);
  /** Modes that come with a parameter: always, and only when they are set. */
  #withParameter = { always: "bklIeq", whenSet: "l" };

  constructor(channel: string) {
    this.#channel = folded(channel);
  }

  standingOf(nick: string): Standing {
    const marks = [...(this.#marks.get(folded(nick)) ?? "")];
    return {
      badges: marks.flatMap((mark) => names[mark] ?? []),
      isModerator: marks.some((mark) => "~&@%".includes(mark)),
      isOwner: marks.includes("~"),
    };
  }

  take({ command, nick, params }: IrcLine): void {
    if (command === "005") this.#learn(params);
    else if (command === "353" && this.#isHere(params[2])) this.#named(params[3] ?? "");
    else if (command === "MODE" && this.#isHere(params[0])) this.#mode(params[1] ?? "", params.slice(2));
    else if (command === "PART" || command === "JOIN") {
      if (this.#isHere(params[0])) this.#marks.delete(folded(nick));
    } else if (command === "KICK") {
      if (this.#isHere(params[0])) this.#marks.delete(folded(params[1] ?? ""));
    } else if (command === "QUIT") this.#marks.delete(folded(nick));
    else if (command === "NICK") {
      const marks = this.#marks.get(folded(nick));
      this.#marks.delete(folded(nick));
      if (marks !== undefined) this.#marks.set(folded(params[0] ?? ""), marks);
    }
  }

  #isHere(channel: string | undefined): boolean {
    return channel !== undefined && folded(channel) === this.#channel;
  }

  #learn(params: readonly string[]): void {
    for (const param of params) {
      const prefix = /^PREFIX=\(([A-Za-z]*)\)(\S*)$/.exec(param);
      if (prefix !== null)
        this.#ranks = new Map([...(prefix[1] ?? "")].map((mode, index) => [mode, prefix[2]?.[index] ?? ""]));
      const [a = "", b = "", c = ""] = param.startsWith("CHANMODES=") ? param.slice(10).split(",") : [];
      if (param.startsWith("CHANMODES=")) this.#withParameter = { always: a + b, whenSet: c };
    }
  }

  #named(list: string): void {
    const marks = new Set(this.#ranks.values());
    for (const entry of list.split(" ")) {
      const from = [...entry].findIndex((character) => !marks.has(character));
      if (from > 0 && this.#marks.size < mostMarked) this.#marks.set(folded(entry.slice(from)), entry.slice(0, from));
    }
  }

  #mode(modes: string, parameters: readonly string[]): void {
    const left = [...parameters];
    let isSet = true;
    for (const mode of modes) {
      if (mode === "+" || mode === "-") {
        isSet = mode === "+";
        continue;
      }
      const mark = this.#ranks.get(mode);
      if (mark === undefined) {
        if (this.#withParameter.always.includes(mode) || (isSet && this.#withParameter.whenSet.includes(mode)))
          left.shift();
        continue;
      }
      const nick = folded(left.shift() ?? "");
      if (!this.#marks.has(nick) && this.#marks.size >= mostMarked) continue;
      const others = (this.#marks.get(nick) ?? "").replaceAll(mark, "");
      this.#marks.set(nick, isSet ? mark + others : others);
    }
  }
}

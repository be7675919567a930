/** A line of IRC (RFC 1459, 2.3.1; ircv3.net/specs/extensions/message-tags). */
export type IrcLine = {
  readonly tags: ReadonlyMap<string, string>;
  /** Who it is from: a nick, or a server; empty where it says nothing. */
  readonly nick: string;
  /** The user's name at its server, without the `~` of those nobody vouches for; empty for servers. */
  readonly user: string;
  /** In capitals, or three digits. */
  readonly command: string;
  readonly params: readonly string[];
};

/** Null for an empty line. */
export function parseLine(text: string): IrcLine | null {
  let rest = text.replace(/[\r\n]+$/, "");
  const word = (mark: string): string => {
    if (!rest.startsWith(mark)) return "";
    const end = rest.indexOf(" ");
    const found = end < 0 ? rest : rest.slice(0, end);
    rest = end < 0 ? "" : rest.slice(end).trimStart();
    return found.slice(mark.length);
  };
  const tags = tagsOf(word("@"));
  const source = word(":");
  const command = word("").toUpperCase();
  if (command === "") return null;
  const params: string[] = [];
  for (;;) {
    if (rest === "") break;
    if (rest.startsWith(":")) {
      params.push(rest.slice(1));
      break;
    }
    params.push(word(""));
  }
  const [nick = "", user = ""] = (source.split("@")[0] ?? "").split("!");
  return { tags, nick, user: user.replace(/^~/, ""), command, params };
}

/** What `\x` stands for in a tag's value. */
const unescaped: Readonly<Record<string, string>> = { ":": ";", s: " ", r: "\r", n: "\n" };
const escaped: Readonly<Record<string, string>> = { ";": "\\:", " ": "\\s", "\\": "\\\\", "\r": "\\r", "\n": "\\n" };

function tagsOf(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(";").flatMap((one): [string, string][] => {
    const [name = "", ...value] = one.split("=");
    if (name === "") return [];
    return [[name, value.join("=").replaceAll(/\\(.?)/g, (_, next: string) => unescaped[next] ?? next)]];
  });
  return new Map(pairs);
}

/**
 * A line without its end. Only the last parameter may have spaces.
 * @param tags client-only ones, as in `+draft/reply`
 */
export function formatLine(command: string, params: readonly string[], tags: Readonly<Record<string, string>> = {}) {
  const [last, ...before] = params.toReversed();
  const words = [command, ...before.toReversed(), ...(last === undefined ? [] : [`:${last}`])];
  // What would end the line never begins another one.
  const line = words.join(" ").replaceAll(/[\r\n\0]/g, " ");
  const told = Object.entries(tags).map(
    ([name, value]) => `${name}=${value.replaceAll(/[; \\\r\n]/g, (character) => escaped[character] ?? "")}`,
  );
  return told.length === 0 ? line : `@${told.join(";")} ${line}`;
}

/** Names as servers compare them (RFC 1459, 2.2). */
export function folded(name: string): string {
  return name.toLowerCase().replaceAll("[", "{").replaceAll("]", "}").replaceAll("\\", "|").replaceAll("~", "^");
}

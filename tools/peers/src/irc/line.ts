import { createRequire } from "node:module";

/** A line of IRC as irc-framework reads and writes it (RFC 1459 section 2.3.1, ircv3.net/specs/extensions/message-tags). */
export type IrcLine = {
  tags: Record<string, string | boolean>;
  /** Who it is from: `nick!user@host`, or a server. */
  prefix: string;
  readonly command: string;
  readonly params: readonly string[];
};

type Framework = {
  readonly ircLineParser: (line: string) => IrcLine;
  readonly Message: new (command: string, ...params: readonly string[]) => IrcLine & { to1459(): string };
};

const framework: Framework = createRequire(import.meta.url)("irc-framework");

export function parseLine(line: string): IrcLine {
  return framework.ircLineParser(line);
}

export function formatLine(line: IrcLine): string {
  const message = new framework.Message(line.command, ...line.params);
  message.tags = line.tags;
  message.prefix = line.prefix;
  return message.to1459();
}

import { randomUUID } from "node:crypto";
import type { ChatUpdate } from "../../platform.ts";
import { folded } from "./line.ts";
import type { IrcLine } from "./line.ts";
import type { Standing } from "./members.ts";
import { saidText } from "./text.ts";

/** Something that was said in a channel, or taken back; `at` is where reading goes on after it. */
export type Said = { readonly update: ChatUpdate; readonly at: Place | null };

/** A place in a channel's history: ms since 1970, and the message's id where it has one. */
export type Place = { readonly id: string | null; readonly time: number };

/** Ids that we made up, for servers that have none: nothing there knows them. */
const ownIds = "trax:";

/** Null for what is no message: other CTCP, and what is not for the channel. */
export function saidOf(
  { command, nick, params, tags }: IrcLine,
  about: {
    readonly channel: string;
    readonly isSelf: boolean;
    /** The connection's account, which what we wrote is known by. */
    readonly ourselves: string;
    readonly standing: Standing;
  },
): Said | null {
  if (folded(params[0] ?? "") !== folded(about.channel)) return null;
  const at = placeOf(tags);
  if (command === "REDACT") {
    const platformMessageId = params[1];
    return platformMessageId === undefined ? null : { update: { kind: "deleted", platformMessageId }, at: null };
  }
  const text = saidText(params[1] ?? "");
  if (text === null) return null;
  const account = tags.get("account");
  const theirs = account === undefined ? folded(nick) : `account:${account}`;
  const update: ChatUpdate = {
    kind: "message",
    platformMessageId: tags.get("msgid") ?? `${ownIds}${randomUUID()}`,
    author: {
      platformUserId: about.isSelf ? about.ourselves : theirs,
      name: nick,
      color: null,
      ...about.standing,
    },
    text,
    emotes: [],
    replyTo: tags.get("+reply") ?? tags.get("+draft/reply") ?? null,
    sentAt: new Date(at?.time ?? Date.now()),
  };
  return { update, at };
}

export function placeOf(tags: IrcLine["tags"]): Place | null {
  const time = Date.parse(tags.get("time") ?? "");
  return Number.isNaN(time) ? null : { id: tags.get("msgid") ?? null, time };
}

/** Whether the server knows this message. */
export function isServersId(id: string): boolean {
  return !id.startsWith(ownIds) && /^[^\s]{1,200}$/.test(id);
}

import { createHash } from "node:crypto";
import type { ChatAuthor, ChatEmote, ChatUpdate } from "../connections/index.ts";

/** UTF-16 units that are kept of a text; platforms allow a few hundred. */
const longestText = 4_000;
const longestName = 100;
const mostBadges = 20;
const mostEmotes = 300;

export type IncomingMessage = Extract<ChatUpdate, { kind: "message" }>;

/**
 * A platform's update with nothing in it that could break a log, a page, JSON
 * or the database: control characters are spaces, one for one, so that the
 * places of emotes stay right; lone surrogates are U+FFFD; all has its bounds.
 */
export function cleanUpdate(update: ChatUpdate, now: Date): ChatUpdate {
  if (update.kind === "cleared") return update;
  if (update.kind === "author-removed") return { ...update, platformUserId: cleanId(update.platformUserId) };
  if (update.kind === "deleted") return { ...update, platformMessageId: cleanId(update.platformMessageId) };
  const text = cleanText(update.text, longestText);
  return {
    kind: "message",
    platformMessageId: cleanId(update.platformMessageId),
    author: cleanAuthor(update.author),
    text,
    emotes: cleanEmotes(update.emotes, text),
    replyTo: update.replyTo === null ? null : cleanId(update.replyTo),
    sentAt: cleanTime(update.sentAt, now),
    ...(update.isPerhapsOurs === true ? { isPerhapsOurs: true } : {}),
  };
}

/** C0, C1, DEL and the two line ends of Unicode become spaces. */
export function cleanText(text: string, longest: number): string {
  const harmless = text.toWellFormed().replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, " ");
  if (harmless.length <= longest) return harmless;
  // Not through the middle of a pair.
  const cut = harmless.slice(0, longest);
  return cut.isWellFormed() ? cut : cut.slice(0, -1);
}

/** Ids are compared, so one that is too long or strange becomes its digest rather than another id. */
export function cleanId(id: string): string {
  return /^[\x20-\x7e]{1,300}$/.test(id) ? id : `sha256:${createHash("sha256").update(id).digest("hex")}`;
}

function cleanAuthor(author: ChatAuthor): ChatAuthor {
  return {
    platformUserId: cleanId(author.platformUserId),
    name: cleanText(author.name, longestName),
    color: author.color !== null && /^#[0-9a-fA-F]{6}$/.test(author.color) ? author.color : null,
    badges: author.badges.slice(0, mostBadges).map((badge) => cleanText(badge, longestName)),
    isModerator: author.isModerator,
    isOwner: author.isOwner,
  };
}

function cleanEmotes(emotes: readonly ChatEmote[], text: string): ChatEmote[] {
  return emotes
    .filter(
      ({ start, end }) =>
        Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start < end && end <= text.length,
    )
    .slice(0, mostEmotes)
    .map(({ start, end, name, url }) => ({ start, end, name: cleanText(name, longestName), url: cleanUrl(url) }));
}

/** A page may use it as it is. */
function cleanUrl(url: string | null): string | null {
  const parsed = url === null || url.length > 1_000 ? null : URL.parse(url);
  return parsed?.protocol === "https:" ? parsed.href : null;
}

/** A platform's clock may be wrong; nothing is sent after it came. */
function cleanTime(sentAt: Date, now: Date): Date {
  const time = sentAt.getTime();
  return Number.isNaN(time) || time > now.getTime() || time < 0 ? now : sentAt;
}

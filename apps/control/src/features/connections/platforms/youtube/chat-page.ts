import { z } from "zod";
import type { ChatUpdate } from "../../platform.ts";

/** What `list` answers and `stream` tells (YouTube Live Streaming API, LiveChatMessages). */
export const ChatPage = z.object({
  nextPageToken: z.string().optional(),
  pollingIntervalMillis: z.number().nonnegative().optional(),
  /** Media does not come any more; chat may go on for a while. */
  offlineAt: z.string().optional(),
  items: z.array(z.unknown()).default([]),
});
export type ChatPage = z.infer<typeof ChatPage>;

const Paid = z.object({ amountDisplayString: z.string().default(""), userComment: z.string().default("") });
const Item = z.object({
  id: z.string(),
  snippet: z.object({
    type: z.string(),
    publishedAt: z.string().optional(),
    displayMessage: z.string().optional(),
    textMessageDetails: z.object({ messageText: z.string() }).optional(),
    superChatDetails: Paid.optional(),
    messageDeletedDetails: z.object({ deletedMessageId: z.string() }).optional(),
    messageRetractedDetails: z.object({ retractedMessageId: z.string() }).optional(),
    userBannedDetails: z.object({ bannedUserDetails: z.object({ channelId: z.string() }) }).optional(),
  }),
  authorDetails: z
    .object({
      channelId: z.string(),
      displayName: z.string(),
      isVerified: z.boolean().default(false),
      isChatOwner: z.boolean().default(false),
      isChatSponsor: z.boolean().default(false),
      isChatModerator: z.boolean().default(false),
    })
    .optional(),
});
type Item = z.infer<typeof Item>;

/** What a page tells, oldest first, and whether the chat has ended with it. What is not understood is left out. */
export function readPage(page: ChatPage): { readonly updates: readonly ChatUpdate[]; readonly hasEnded: boolean } {
  const items = page.items.flatMap((item) => Item.safeParse(item).data ?? []);
  return {
    updates: items.flatMap((item) => updateOf(item) ?? []),
    hasEnded: items.some(({ snippet }) => snippet.type === "chatEndedEvent"),
  };
}

function updateOf(item: Item): ChatUpdate | null {
  const { snippet } = item;
  switch (snippet.type) {
    // What stands in a history for a message that was deleted.
    case "tombstone":
      return { kind: "deleted", platformMessageId: item.id };
    case "messageDeletedEvent":
      return deleted(snippet.messageDeletedDetails?.deletedMessageId);
    case "messageRetractedEvent":
      return deleted(snippet.messageRetractedDetails?.retractedMessageId);
    case "userBannedEvent": {
      const channel = snippet.userBannedDetails?.bannedUserDetails.channelId;
      return channel === undefined ? null : { kind: "author-removed", platformUserId: channel };
    }
    default:
      return said(item);
  }
}

function deleted(platformMessageId: string | undefined): ChatUpdate | null {
  return platformMessageId === undefined ? null : { kind: "deleted", platformMessageId };
}

/** Whatever somebody said that can be shown: messages, Super Chats, new members and the like, in YouTube's words. */
function said({ id, snippet, authorDetails: author }: Item): ChatUpdate | null {
  const text = textOf(snippet);
  if (author === undefined || text === "") return null;
  const badges = [
    ...(author.isChatOwner ? ["owner"] : []),
    ...(author.isChatModerator ? ["moderator"] : []),
    ...(author.isChatSponsor ? ["member"] : []),
    ...(author.isVerified ? ["verified"] : []),
  ];
  return {
    kind: "message",
    platformMessageId: id,
    author: {
      platformUserId: author.channelId,
      name: author.displayName,
      color: null,
      badges,
      isModerator: author.isChatModerator,
      isOwner: author.isChatOwner,
    },
    text,
    // YouTube's API tells of none.
    emotes: [],
    replyTo: null,
    sentAt: new Date(snippet.publishedAt ?? Number.NaN),
  };
}

function textOf({ displayMessage = "", textMessageDetails, superChatDetails }: Item["snippet"]): string {
  if (textMessageDetails !== undefined) return textMessageDetails.messageText;
  if (superChatDetails === undefined) return displayMessage;
  // YouTube's own words repeat the author's name.
  return `${superChatDetails.amountDisplayString} ${superChatDetails.userComment}`.trim();
}

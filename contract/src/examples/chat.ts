import { ulid, at, studioId, connectionId } from "./ids.ts";

const chatAuthor = {
  id: "12826",
  name: "Ada",
  color: "#1e90ff",
  badges: ["subscriber"],
  isModerator: true,
  isOwner: false,
};
export const chatMessage = {
  id: `msg_${ulid}`,
  studioId,
  platform: "twitch",
  connectionId,
  author: chatAuthor,
  text: "Good evening Kappa",
  emotes: [{ start: 13, end: 18, name: "Kappa", url: "https://static-cdn.jtvnw.net/emoticons/v2/25/default/dark/1.0" }],
  replyTo: null,
  sentAt: at,
  receivedAt: at,
  direction: "in",
  deleted: false,
  deliveries: [],
};
export const chatMessageSent = {
  ...chatMessage,
  platform: null,
  connectionId: null,
  author: { id: `usr_${ulid}`, name: "Ada", color: null, badges: [], isModerator: false, isOwner: true },
  text: "Hello everyone!",
  emotes: [],
  direction: "out",
  deliveries: [{ connectionId, platform: "twitch", status: "pending", error: null }],
};
export const chatPlatforms = {
  connectionIds: [connectionId],
  platforms: [{ connectionId, platform: "twitch", accountName: "ada", status: "reading", lastError: null }],
};

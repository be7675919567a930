import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import type { ChatConnections } from "./connections.ts";
import { listOfMessages, sendMessage } from "./messages.ts";
import { getPlatforms, setPlatforms } from "./platforms.ts";

export type ChatHandlers = {
  readonly read: Handlers<"listChatMessages" | "getChatPlatforms">;
  readonly send: Handlers<"sendChatMessage" | "setChatPlatforms">;
};

export function chatHandlers({
  cursors,
  chatConnections,
}: Pick<Services, "cursors"> & { readonly chatConnections: ChatConnections }): ChatHandlers {
  return {
    read: {
      listChatMessages: ({ db, accountId, params, query }) => listOfMessages(db, accountId, params.id, cursors, query),
      getChatPlatforms: ({ db, accountId, params }) => getPlatforms(db, accountId, params.id),
    },
    send: {
      sendChatMessage: ({ db, accountId, principal, params, body }) =>
        sendMessage(
          db,
          accountId,
          params.id,
          { userId: principal.userId, name: principal.accountName },
          chatConnections,
          body,
        ),
      setChatPlatforms: ({ db, accountId, params, body }) => setPlatforms(db, accountId, params.id, body),
    },
  };
}

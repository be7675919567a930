import { z } from "zod";
import { ChatMessage, ChatMessageList, ChatPlatforms } from "@trax/contract";
import { waitFor } from "@trax/peers";
import type { Twitch } from "@trax/peers/twitch/server";
import type { ApiClient } from "./api-client.ts";

export type TwitchUser = ReturnType<Twitch["addUser"]>;

/** Where Twitch's page sends a browser back to; nobody is there. */
export const redirectUri = "https://bench.example.com/linked";

/** What a TRaX is started with to use this Twitch, its API at another address where one is given. */
export function environmentOf(twitch: Twitch, apiUrl?: string): Record<string, string> {
  return {
    ...twitch.baseUrls,
    ...(apiUrl === undefined ? {} : { TRAX_TWITCH_API_URL: apiUrl }),
    TRAX_TWITCH_CLIENT_ID: twitch.clientId,
    TRAX_TWITCH_CLIENT_SECRET: twitch.clientSecret,
    TRAX_REDIRECT_URIS: redirectUri,
  };
}

/** A studio whose chat is made of accounts on a Twitch, driven through the public API. */
export class ChatStudio {
  readonly account: ApiClient;
  readonly id: string;

  private constructor(account: ApiClient, id: string) {
    this.account = account;
    this.id = id;
  }

  static async create(account: ApiClient): Promise<ChatStudio> {
    const program = { mode: "passthrough" };
    const made = await account.ask("POST", "/v1/studios", { name: "Chat", program });
    return new ChatStudio(account, z.object({ id: z.string() }).parse(made).id);
  }

  get path(): string {
    return `/v1/studios/${this.id}`;
  }

  /** Links these as a browser would, and makes them this studio's chat; answers the connections' ids in their order. */
  async enable(twitch: Twitch, users: readonly TwitchUser[]): Promise<string[]> {
    const ids: string[] = [];
    for (const { id } of users) {
      twitch.decide({ kind: "consent", userId: id });
      const body = { platform: "twitch", redirectUri };
      const begun = await this.account.ask("POST", "/v1/connections/authorize", body);
      const { authorizeUrl } = z.object({ authorizeUrl: z.string() }).parse(begun);
      const callback = await locationOf(authorizeUrl);
      ids.push((await locationOf(callback.href)).searchParams.get("connectionId") ?? "");
    }
    await this.account.ask("PUT", `${this.path}/chat/platforms`, { connectionIds: ids });
    return ids;
  }

  /** Watches until all of its chats are read. */
  async untilReading(): Promise<void> {
    await waitFor("all chats are read", async () => {
      await this.messages();
      const { platforms } = ChatPlatforms.parse(await this.account.ask("GET", `${this.path}/chat/platforms`));
      return platforms.length > 0 && platforms.every(({ status }) => status === "reading");
    });
  }

  async messages(): Promise<ChatMessage[]> {
    return ChatMessageList.parse(await this.account.ask("GET", `${this.path}/chat/messages?limit=100`)).data;
  }

  async send(text: string): Promise<ChatMessage> {
    return ChatMessage.parse(await this.account.ask("POST", `${this.path}/chat/messages`, { text }));
  }
}

async function locationOf(url: string): Promise<URL> {
  const answer = await fetch(url, { redirect: "manual" });
  return new URL(answer.headers.get("location") ?? `no-location:${answer.status}`);
}

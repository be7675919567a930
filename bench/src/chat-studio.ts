import { z } from "zod";
import { ChatMessage, ChatMessageList, ChatPlatforms } from "@trax/contract";
import { waitFor } from "@trax/peers";
import type { ApiClient } from "./api-client.ts";
import type { Owned } from "./owned.ts";
import { startTrax } from "./trax.ts";
import type { Trax } from "./trax.ts";

/** Where a platform's page sends a browser back to; nobody is there. */
const redirectUri = "https://bench.example.com/linked";

/** A TRaX that is told of these platforms, and a studio of it. */
export async function startChatStudio(
  owned: Owned,
  directory: string,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly trax: Trax; readonly studio: ChatStudio }> {
  const trax = owned.add(await startTrax(directory, { ...environment, TRAX_REDIRECT_URIS: redirectUri }));
  return { trax, studio: await ChatStudio.create(await trax.newAccount()) };
}

/** A studio and its chat, driven through the public API. */
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

  /** Links whoever consents at that platform, as a browser would; answers the connection's id. */
  async authorize(platform: string): Promise<string> {
    const begun = await this.account.ask("POST", "/v1/connections/authorize", { platform, redirectUri });
    const { authorizeUrl } = z.object({ authorizeUrl: z.string() }).parse(begun);
    const callback = await locationOf(authorizeUrl);
    return (await locationOf(callback.href)).searchParams.get("connectionId") ?? "";
  }

  /** Links what is told by a body; answers the connection's id. */
  async link(body: object): Promise<string> {
    return z.object({ id: z.string() }).parse(await this.account.ask("POST", "/v1/connections", body)).id;
  }

  /** Makes these connections this studio's chat. */
  async enable(connectionIds: readonly string[]): Promise<void> {
    await this.account.ask("PUT", `${this.path}/chat/platforms`, { connectionIds });
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

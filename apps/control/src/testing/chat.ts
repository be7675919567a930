import { ChatMessage, ChatMessageList } from "@trax/contract";
import { waitFor } from "@trax/peers";
import { newId } from "@trax/foundation/ids";
import sql from "sql-template-tag";
import { startControl } from "./control.ts";
import type { TestControl } from "./control.ts";
import { ScriptedPlatform } from "./scripted-platform.ts";
import { shapeOf } from "./shape.ts";
import { Tenant } from "./tenant.ts";

/** A studio whose chat is made of connections to a scripted platform. */
export class ChatStudio {
  readonly tenant: Tenant;
  readonly studioId: string;
  readonly platform: ScriptedPlatform;

  private constructor(tenant: Tenant, studioId: string, platform: ScriptedPlatform) {
    this.tenant = tenant;
    this.studioId = studioId;
    this.platform = platform;
  }

  static async make(tenant: Tenant, platform: ScriptedPlatform): Promise<ChatStudio> {
    return new ChatStudio(tenant, (await tenant.studio()).id, platform);
  }

  get path(): string {
    return `/v1/studios/${this.studioId}/chat`;
  }

  /** A row as linking makes it. */
  async link(): Promise<string> {
    const id = newId("connection");
    await this.tenant.control.database.query(sql`
      insert into connections (id, account_id, platform, account_name, platform_user_id, secrets)
      values (${id}, ${this.tenant.account.accountId}, ${this.platform.name}, 'Self', ${this.#self()}, '')`);
    return id;
  }

  async enable(...connectionIds: string[]): Promise<void> {
    const answer = await this.tenant.call("PUT", `${this.path}/platforms`, { connectionIds });
    if (answer.status !== 200) throw new Error(answer.text);
  }

  /** Newest first; asking is watching. */
  async list(query = ""): Promise<ChatMessage[]> {
    return shapeOf(await this.tenant.call("GET", `${this.path}/messages${query}`), 200, ChatMessageList).data;
  }

  async texts(query = ""): Promise<string[]> {
    return (await this.list(query)).map(({ text }) => text);
  }

  async send(text: string, more: object = {}): Promise<ChatMessage> {
    return shapeOf(await this.tenant.call("POST", `${this.path}/messages`, { text, ...more }), 201, ChatMessage);
  }

  /** The message once this is so. */
  until(id: string, isSo: (message: ChatMessage) => boolean): Promise<ChatMessage> {
    return waitFor(`${id} is so`, async () => (await this.list()).find((one) => one.id === id && isSo(one)));
  }

  // One account on a platform is linked once an account.
  #links = 0;
  #self(): string {
    return this.#links++ === 0 ? "self" : `self${this.#links}`;
  }
}

export async function startChatControl(platform: ScriptedPlatform): Promise<TestControl> {
  return startControl({}, null, { chatConnections: platform });
}

import { randomBytes } from "node:crypto";
import { render } from "./render.ts";

/** A user of the chat, as Owncast shows one to everybody. */
export type OwncastUser = {
  readonly id: string;
  displayName: string;
  /** 0 to 7: a colour of the page's theme. */
  readonly displayColor: number;
  readonly createdAt: string;
  readonly previousNames: readonly string[];
  readonly isBot: boolean;
  readonly authenticated: boolean;
  readonly scopes?: readonly string[];
  disabledAt?: string;
};

export type OwncastMessage = {
  readonly id: string;
  readonly timestamp: string;
  readonly type: "CHAT" | "SYSTEM" | "CHAT_ACTION";
  /** HTML. */
  readonly body: string;
  /** Null: the server's own. */
  readonly user: OwncastUser | null;
  hidden: boolean;
};

export type OwncastScope = "CAN_SEND_MESSAGES" | "CAN_SEND_SYSTEM_MESSAGES" | "HAS_ADMIN_ACCESS";

/** An access token that the owner made for somebody else's program. */
export type OwncastIntegration = {
  readonly token: string;
  readonly name: string;
  readonly scopes: readonly OwncastScope[];
  readonly user: OwncastUser;
};

export type OwncastState = {
  readonly name: string;
  /** By their access tokens of the chat. */
  readonly users: Map<string, OwncastUser>;
  readonly integrations: Map<string, OwncastIntegration>;
  readonly messages: OwncastMessage[];
  readonly webhooks: { readonly id: number; readonly url: string; readonly events: readonly string[] }[];
  streamTitle: string;
  online: boolean;
  lastConnectTime: string | null;
  lastDisconnectTime: string | null;
  chatDisabled: boolean;
  mostClients: number;
};

export function makeState(name: string): OwncastState {
  return {
    name,
    users: new Map(),
    integrations: new Map(),
    messages: [],
    webhooks: [],
    streamTitle: "",
    online: false,
    lastConnectTime: null,
    lastDisconnectTime: null,
    chatDisabled: false,
    mostClients: Infinity,
  };
}

/** Like shortid's. */
export function shortId(): string {
  return randomBytes(7).toString("base64url").slice(0, 9);
}

export function newUser(displayName: string, given: { isBot?: boolean; scopes?: readonly string[] } = {}): OwncastUser {
  return {
    id: shortId(),
    displayName,
    displayColor: displayName.length % 8,
    createdAt: new Date().toISOString(),
    previousNames: [displayName],
    isBot: given.isBot ?? false,
    authenticated: false,
    ...(given.scopes === undefined ? {} : { scopes: given.scopes }),
  };
}

export function newToken(): string {
  return randomBytes(32).toString("base64url");
}

/** A message as it is kept and shown; `typed` is what was typed, not HTML. */
export function newMessage(type: OwncastMessage["type"], typed: string, user: OwncastUser | null): OwncastMessage {
  return { id: shortId(), timestamp: new Date().toISOString(), type, body: render(typed), user, hidden: false };
}

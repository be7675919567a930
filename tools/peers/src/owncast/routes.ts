import { bearerOf, type Call, field, jsonOf, Refusal, type Reply, type Route, stringField } from "../platform/call.ts";
import type { OwncastChat } from "./chat.ts";
import {
  newMessage,
  newToken,
  newUser,
  type OwncastIntegration,
  type OwncastMessage,
  type OwncastScope,
  type OwncastState,
} from "./state.ts";

export const owncastVersion = "0.2.3";
const mostHistory = 50;
const eventNames = new Set([
  "CHAT",
  "USER_JOINED",
  "USER_PARTED",
  "NAME_CHANGE",
  "VISIBILITY-UPDATE",
  "STREAM_STARTED",
  "STREAM_STOPPED",
  "STREAM_TITLE_UPDATED",
]);

/** Owncast's own API (owncast.online/api, webserver/handlers), as far as somebody else's program uses it. */
export function owncastRoutes(state: OwncastState, chat: OwncastChat, adminPassword: string): Route[] {
  const withScope =
    (scope: OwncastScope, answer: (call: Call, integration: OwncastIntegration) => Reply): Route["answer"] =>
    (call) =>
      answer(call, integrationOf(state, call, scope));
  return [
    { method: "GET", path: "/api/status", answer: () => ok(status(state)) },
    { method: "GET", path: "/api/config", answer: () => ok(config(state)) },
    {
      method: "POST",
      path: "/api/chat/register",
      answer: (call) => {
        const name = (stringField(jsonOf(call), "displayName") ?? "").slice(0, 30);
        const user = newUser(name === "" ? `guest-${state.users.size + 1}` : name);
        const accessToken = newToken();
        state.users.set(accessToken, user);
        return ok({ id: user.id, accessToken, displayName: user.displayName });
      },
    },
    {
      method: "GET",
      path: "/api/chat",
      answer: (call) => {
        const user = state.users.get(call.query.get("accessToken") ?? "");
        if (user === undefined || user.disabledAt !== undefined) throw new Refusal(unauthorized);
        return ok(history(state));
      },
    },
    { method: "GET", path: "/api/integrations/chat", answer: withScope("HAS_ADMIN_ACCESS", () => ok(history(state))) },
    {
      method: "POST",
      path: "/api/integrations/chat/send",
      answer: withScope("CAN_SEND_MESSAGES", (call, { user }) => {
        const message = newMessage("CHAT", stringField(jsonOf(call), "body") ?? "", user);
        if (message.body === "") return { status: 400, body: { error: "invalid message" } };
        chat.publish(message);
        return simple(true, "sent");
      }),
    },
    {
      method: "POST",
      path: "/api/integrations/chat/system",
      answer: withScope("CAN_SEND_SYSTEM_MESSAGES", (call) => {
        chat.publish(newMessage("SYSTEM", stringField(jsonOf(call), "body") ?? "", null));
        return simple(true, "sent");
      }),
    },
    {
      method: "POST",
      path: "/api/integrations/chat/action",
      answer: withScope("CAN_SEND_SYSTEM_MESSAGES", (call) => {
        chat.publish(newMessage("CHAT_ACTION", stringField(jsonOf(call), "body") ?? "", null));
        return simple(true, "sent");
      }),
    },
    {
      method: "POST",
      path: "/api/integrations/chat/messagevisibility",
      answer: withScope("HAS_ADMIN_ACCESS", (call) => {
        const body = jsonOf(call);
        const ids = field(body, "idArray");
        const visible = field(body, "visible");
        if (!Array.isArray(ids) || typeof visible !== "boolean")
          return simple(false, "missing required fields: idArray and visible are required");
        chat.setVisibility(
          state.messages.filter(({ id }) => ids.includes(id)),
          visible,
        );
        return simple(true, "changed");
      }),
    },
    {
      method: "POST",
      path: "/api/integrations/streamtitle",
      answer: withScope("HAS_ADMIN_ACCESS", (call) => {
        state.streamTitle = stringField(jsonOf(call), "value") ?? "";
        return simple(true, "changed");
      }),
    },
    {
      method: "POST",
      path: "/api/admin/webhooks/create",
      answer: (call) => {
        requireAdmin(call, adminPassword);
        const body = jsonOf(call);
        const url = stringField(body, "url");
        const events = field(body, "events");
        if (url === undefined || !Array.isArray(events) || !events.every((event) => eventNames.has(event)))
          return { status: 400, body: { error: "one or more invalid event provided" } };
        const webhook = { id: state.webhooks.length + 1, url, events: events.map(String) };
        state.webhooks.push(webhook);
        return ok({ ...webhook, timestamp: new Date().toISOString(), lastUsed: null });
      },
    },
  ];
}

const unauthorized: Reply = { status: 401, body: "unauthorized" };

/** The same 401 to a token that is not there and to one without the scope: Owncast looks for both at once. */
function integrationOf(state: OwncastState, call: Call, scope: OwncastScope): OwncastIntegration {
  const found = state.integrations.get(bearerOf(call) ?? "");
  if (found === undefined || !found.scopes.includes(scope)) throw new Refusal(unauthorized);
  return found;
}

function requireAdmin(call: Call, password: string): void {
  const wanted = `Basic ${Buffer.from(`admin:${password}`).toString("base64")}`;
  if (call.headers.authorization !== wanted)
    throw new Refusal({
      status: 401,
      headers: { "www-authenticate": 'Basic realm="Owncast Authenticated Request"' },
      body: "Unauthorized\n",
    });
}

function ok(body: unknown): Reply {
  return { status: 200, body };
}

function simple(success: boolean, message: string): Reply {
  return { status: success ? 200 : 400, body: { success, message } };
}

function history(state: OwncastState): unknown[] {
  return state.messages
    .filter(({ hidden }) => !hidden)
    .slice(-mostHistory)
    .map(kept);
}

function kept({ id, timestamp, type, body, user }: OwncastMessage): unknown {
  return { id, timestamp, type, body, user };
}

function status(state: OwncastState): unknown {
  return {
    serverTime: new Date().toISOString(),
    online: state.online,
    viewerCount: 0,
    overallMaxViewerCount: 0,
    sessionMaxViewerCount: 0,
    lastConnectTime: state.lastConnectTime,
    lastDisconnectTime: state.lastDisconnectTime,
    versionNumber: owncastVersion,
    streamTitle: state.streamTitle,
  };
}

function config(state: OwncastState): unknown {
  return {
    name: state.name,
    summary: "",
    offlineMessage: "",
    logo: "/logo",
    tags: [],
    version: `Owncast v${owncastVersion}-linux-64bit`,
    nsfw: false,
    extraPageContent: "",
    streamTitle: state.streamTitle,
    socialHandles: [],
    externalActions: [],
    customStyles: "",
    appearanceVariables: {},
    chatDisabled: state.chatDisabled,
    chatSpamProtectionDisabled: false,
    chatRequireAuthentication: false,
    hideViewerCount: false,
    maxSocketPayloadSize: 2048,
    federation: { enabled: false },
    notifications: { browser: { enabled: false } },
    authentication: { indieAuthEnabled: false },
  };
}

import type { Passwords } from "./kernel/auth/password.ts";
import { mount } from "./kernel/mount.ts";
import type { Mount } from "./kernel/mount.ts";
import type { PlainRoutes } from "./kernel/plain-routes.ts";
import type { Services } from "./kernel/services.ts";
import { accountHandlers } from "./features/accounts/index.ts";
import { broadcastHandlers } from "./features/broadcast/index.ts";
import { chatHandlers, webhookRoutes } from "./features/chat/index.ts";
import type { ChatConnections } from "./features/chat/index.ts";
import { callbackRoutes, connectionHandlers } from "./features/connections/index.ts";
import type { Connections } from "./features/connections/index.ts";
import { destinationHandlers } from "./features/destinations/index.ts";
import { eventHandlers } from "./features/events/index.ts";
import { keyHandlers } from "./features/keys/index.ts";
import { mediaLibraryHandlers } from "./features/media-library/index.ts";
import type { Library } from "./features/media-library/index.ts";
import { metaHandlers } from "./features/meta/index.ts";
import { playbackHandlers, signallingRoutes } from "./features/playback/index.ts";
import { programHandlers } from "./features/program/index.ts";
import { sourceHandlers } from "./features/sources/index.ts";
import { studioHandlers } from "./features/studios/index.ts";

/** With what slices give each other. */
type Parts = Services & {
  readonly connections: Connections;
  readonly chatConnections: ChatConnections;
  readonly library: Library;
};

/** Every slice, under the scope its operations need. */
export function mountsOf(services: Parts & { readonly passwords: Passwords }): Mount[] {
  const accounts = accountHandlers(services);
  const broadcast = broadcastHandlers(services);
  const chat = chatHandlers(services);
  const connections = connectionHandlers(services);
  const destinations = destinationHandlers(services);
  const events = eventHandlers(services);
  const keys = keyHandlers(services);
  const media = mediaLibraryHandlers(services);
  const meta = metaHandlers(services);
  const playback = playbackHandlers(services);
  const program = programHandlers(services);
  const sources = sourceHandlers(services);
  const studios = studioHandlers(services);
  return [
    mount("public", meta.public),
    mount("any credential", meta.anyCredential),
    mount("studios:read", studios.read),
    mount("studios:write", studios.write),
    mount("studios:read", program.read),
    mount("studios:write", program.write),
    mount("sources:read", sources.read),
    mount("sources:write", sources.write),
    mount("by topic", sources.sessions),
    mount("sources:read", playback.source),
    mount("stream:read", playback.program),
    mount("connections:read", connections.read),
    mount("connections:write", connections.write),
    mount("stream:golive", connections.goLive),
    mount("destinations:read", destinations.read),
    mount("destinations:write", destinations.write),
    mount("stream:read", broadcast.read),
    mount("stream:golive", broadcast.goLive),
    mount("chat:read", chat.read),
    mount("chat:send", chat.send),
    mount("media:read", media.read),
    mount("media:write", media.write),
    mount("by topic", events.follow),
    mount("public", accounts.public),
    mount("session", accounts.session),
    mount("session", keys.session),
  ];
}

/** What is no operation of the contract. */
export function plainRoutesOf(services: Parts): PlainRoutes[] {
  const { routes } = services.library;
  return [
    signallingRoutes(services),
    callbackRoutes(services.connections),
    webhookRoutes(services),
    ...(routes === null ? [] : [routes]),
  ];
}

import { z } from "zod";

/** What a credential may do. A key never holds more than its owner's role does. */
export const scopes = [
  "studios:read",
  "studios:write",
  "sources:read",
  "sources:write",
  "destinations:read",
  "destinations:write",
  "stream:read",
  "stream:golive",
  "chat:read",
  "chat:send",
  "connections:read",
  "connections:write",
  "media:read",
  "media:write",
  "webhooks:manage",
] as const;

export const Scope = z.enum(scopes).meta({ id: "Scope", description: "A permission a credential holds." });
export type Scope = z.infer<typeof Scope>;

export type Role = "owner" | "producer" | "viewer";

/** The scopes each role holds. */
export const roleScopes: Readonly<Record<Role, readonly Scope[]>> = {
  owner: scopes,
  producer: scopes.filter((scope) => scope !== "webhooks:manage" && scope !== "connections:write"),
  viewer: scopes.filter((scope) => scope.endsWith(":read")),
};

import { z } from "zod";
import type { Operation, Scope } from "@trax/contract";
import { accessOf, allOperations } from "./mount.ts";
import type { Access, Mount, OperationName } from "./mount.ts";

/** A handler with its operation's types forgotten: a method, so that every handler is one. */
type Erased = { handle(request: object): unknown }["handle"];
export type ErasedHandler = Erased | { readonly check: Erased; readonly run: Erased };

/** One operation as the server mounts it; what can be worked out once is. */
export type Route = {
  readonly name: OperationName;
  readonly operation: Operation;
  readonly access: Access;
  /** At least one of them is needed; empty: none. */
  readonly scopes: readonly Scope[];
  /** As Fastify writes it, `:id` for `{id}`. */
  readonly url: string;
  /** Strict, so that a mistyped parameter is told; null: none are looked at. */
  readonly query: z.ZodObject | null;
  readonly isStream: boolean;
  /** GET neither has a transaction nor an `Idempotency-Key`. */
  readonly isRead: boolean;
  /** Browsers send cookies along by themselves, so these are held to our own origin. */
  readonly isUnsafe: boolean;
  /** Signing in and up replace a session, so an old cookie is not held against them. */
  readonly ignoresCookie: boolean;
  readonly handler: ErasedHandler;
};

const noQuery = z.strictObject({});

/**
 * The routes of all mounts. Throws for a scope that is not the contract's, an
 * operation mounted twice, and one of `expected` that is not mounted: a server
 * like that must not start.
 */
export function routesOf(mounts: readonly Mount[], expected: readonly OperationName[] = operationNames()): Route[] {
  const routes = new Map<OperationName, Route>();
  for (const { access, handlers } of mounts) {
    for (const name of operationNames()) {
      const handler: ErasedHandler | undefined = handlers[name];
      if (handler === undefined) continue;
      const operation = allOperations[name];
      if (accessOf(operation) !== access)
        throw new Error(`${name} is mounted under "${access}", the contract says "${accessOf(operation)}"`);
      if (routes.has(name)) throw new Error(`${name} is mounted twice`);
      routes.set(name, routeOf(name, operation, access, handler));
    }
  }
  const missing = expected.filter((name) => !routes.has(name));
  if (missing.length > 0) throw new Error(`not mounted: ${missing.join(", ")}`);
  return [...routes.values()];
}

export function operationNames(): OperationName[] {
  return Object.keys(allOperations).filter((name): name is OperationName => Object.hasOwn(allOperations, name));
}

function routeOf(name: OperationName, operation: Operation, access: Access, handler: ErasedHandler): Route {
  const { scope } = operation;
  return {
    name,
    operation,
    access,
    scopes: scope === null ? [] : typeof scope === "string" ? [scope] : scope,
    url: operation.path.replaceAll(/\{(\w+)\}/g, ":$1"),
    query: operation.query?.strict() ?? (operation.auth === "public" ? null : noQuery),
    isStream: operation.contentType === "text/event-stream",
    isRead: operation.method === "GET",
    isUnsafe: operation.method !== "GET",
    ignoresCookie: operation.auth === "public" && operation.path.startsWith("/account/"),
    handler,
  };
}

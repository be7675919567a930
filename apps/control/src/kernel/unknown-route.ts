import type { FastifyReply, FastifyRequest } from "fastify";
import { ApiError } from "./errors.ts";
import type { Route } from "./route.ts";

/**
 * What a request gets that no route matches: 405 with `Allow` where the path is
 * one of ours, 404 otherwise; null for `OPTIONS` of such a path, which is then
 * answered with `Allow`.
 */
export function unknownRoutes(
  routes: readonly Route[],
): (request: FastifyRequest, reply: FastifyReply) => ApiError | null {
  const paths = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>();
  for (const { operation, isStream } of routes) {
    const path = paths.get(operation.path) ?? { pattern: patternOf(operation.path), methods: new Set(["OPTIONS"]) };
    path.methods.add(operation.method);
    if (operation.method === "GET" && !isStream) path.methods.add("HEAD");
    paths.set(operation.path, path);
  }
  return (request, reply) => {
    const url = request.raw.url?.split("?")[0] ?? "";
    // A path without parameters may look like another's id.
    const path = paths.get(url) ?? [...paths.values()].find(({ pattern }) => pattern.test(url));
    if (path === undefined) return new ApiError("not_found", "There is no such route.");
    const allow = [...path.methods].sort().join(", ");
    if (request.method === "OPTIONS") {
      reply.header("allow", allow);
      return null;
    }
    return new ApiError("method_not_allowed", `This path takes ${allow}.`, { headers: { allow } });
  };
}

function patternOf(path: string): RegExp {
  const escaped = path.replaceAll(".", "\\.").replaceAll(/\{\w+\}/g, "[^/]+");
  return new RegExp(`^${escaped}$`);
}

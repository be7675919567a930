import type { IncomingHttpHeaders } from "node:http";
import { sessionTokensIn } from "./session.ts";
import type { Credential } from "./principal.ts";

/**
 * Every credential a request carries. Each must be valid: what cannot be one (a
 * scheme that is not Bearer, an empty key) is kept too, as one that never is.
 * Repeated headers arrive joined by commas, and so are none either.
 */
export function presentedIn(headers: IncomingHttpHeaders): Credential[] {
  const found: Credential[] = [];
  const { authorization, cookie } = headers;
  const apiKey = headers["x-api-key"];
  if (authorization !== undefined) found.push({ kind: "api_key", text: bearerOf(authorization) });
  if (apiKey !== undefined) found.push({ kind: "api_key", text: typeof apiKey === "string" ? apiKey.trim() : "" });
  if (cookie !== undefined) for (const text of sessionTokensIn(cookie)) found.push({ kind: "session", text });
  return found;
}

function bearerOf(header: string): string {
  if (header.startsWith("Bearer ")) return header.slice(7).trim();
  return /^bearer +(\S+) *$/i.exec(header)?.[1] ?? "";
}

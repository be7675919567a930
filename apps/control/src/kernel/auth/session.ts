import { randomBytes } from "node:crypto";
import { Secret } from "@trax/foundation/secret";
import { hashOf } from "./api-key.ts";

/** Web sessions: a 32-byte token in a cookie that only this host's https pages send and no script reads. */
export const sessionCookie = "__Host-trax_session";
export const sessionSeconds = 30 * 86_400;

const shape = /^[\w-]{43}$/;

export function newSessionToken(): { readonly token: Secret; readonly hash: Buffer } {
  const token = randomBytes(32).toString("base64url");
  return { token: new Secret(token), hash: hashOf(token) };
}

export function isWellFormedSessionToken(text: string): boolean {
  return shape.test(text);
}

/** The `Set-Cookie` that signs a browser in. */
export function signInCookie(token: Secret): string {
  return `${sessionCookie}=${token.reveal()}; Path=/; Max-Age=${sessionSeconds}; HttpOnly; Secure; SameSite=Lax`;
}

/** The `Set-Cookie` that makes a browser forget its session. */
export const signOutCookie = `${sessionCookie}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax`;

/** Every value the cookie was sent with: more than one is possible, and each must then be valid. */
export function sessionTokensIn(cookieHeader: string): string[] {
  if (!cookieHeader.includes(sessionCookie)) return [];
  return cookieHeader
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${sessionCookie}=`))
    .map((pair) => pair.slice(sessionCookie.length + 1))
    .filter((value) => value !== "");
}

import { ApiError } from "../../kernel/errors.ts";

/** What the router answered; null: nothing is published there. */
export type RouterAnswer = { readonly status: number; readonly headers: Headers; readonly text: string };

/** It gathers its ICE candidates first, STUN ones for up to 5 s. */
const deadlineMs = 12_000;

/**
 * Speaks WHIP and WHEP with MediaMTX on loopback. What it says of itself, its
 * errors included, is not for clients.
 */
export type RouterSignalling = (request: {
  readonly method: "POST" | "PATCH" | "DELETE";
  /** Below the router's root, made of checked ids. */
  readonly path: string;
  readonly contentType: string | null;
  readonly body: string;
  /** A Bearer token, where one is asked for. */
  readonly token: string | null;
  readonly userAgent: string | undefined;
  readonly clientAddress: string;
  readonly signal: AbortSignal;
}) => Promise<RouterAnswer>;

/** @param port the router's signalling port, on this machine */
export function routerSignalling(port: number): RouterSignalling {
  return async ({ method, path, contentType, body, token, userAgent, clientAddress, signal }) => {
    const headers = new Headers({ "x-forwarded-for": clientAddress });
    if (contentType !== null) headers.set("content-type", contentType);
    if (token !== null) headers.set("authorization", `Bearer ${token}`);
    if (userAgent !== undefined) headers.set("user-agent", userAgent);
    try {
      const answer = await fetch(`http://127.0.0.1:${port}/${path}`, {
        method,
        headers,
        ...(body === "" ? {} : { body }),
        redirect: "error",
        signal: AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]),
      });
      return { status: answer.status, headers: answer.headers, text: await answer.text() };
    } catch {
      throw new ApiError("media_unavailable", "The media node does not answer now.", {
        headers: { "retry-after": "1" },
      });
    }
  };
}

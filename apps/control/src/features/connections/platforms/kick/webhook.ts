import { createPublicKey, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { z } from "zod";
import { readAnswer } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { PlatformClient, PlatformHttp } from "../../platform.ts";
import { readEvent } from "./events.ts";

/** An event that is older, or of so far in the future, is no event: its signature may have been taken from another. */
const mostAgeMs = 300_000;
/** What does not fit the key may be signed by a new one. Others may post what they like: so often Kick is asked, at the most. */
const mostAsked = 5;
const askedWithinMs = 300_000;

const PublicKey = z.object({ data: z.object({ public_key: z.string() }) });

/** Checks what is posted as Kick's (docs.kick.com/events/webhook-security). */
export function openWebhook(http: PlatformHttp, apiUrl: string): NonNullable<PlatformClient["webhook"]> {
  const keys = openKeys(http, apiUrl);
  return async ({ headers, body }) => {
    const [id, timestamp, signature, type] = [
      headers["kick-event-message-id"],
      headers["kick-event-message-timestamp"],
      headers["kick-event-signature"],
      headers["kick-event-type"],
    ];
    if (id === undefined || timestamp === undefined || signature === undefined || type === undefined) return null;
    const age = Date.now() - Date.parse(timestamp);
    if (Number.isNaN(age) || Math.abs(age) > mostAgeMs) return null;
    const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
    const isBy = (key: KeyObject): boolean => verify("RSA-SHA256", signed, key, Buffer.from(signature, "base64"));
    if (!isBy(await keys.current()) && !(await keys.renewed(isBy))) return null;
    const event = readEvent(type, parsed(body));
    return { deliveryId: id, ...(event ?? { platformUserId: "", updates: [] }) };
  };
}

function openKeys(http: PlatformHttp, apiUrl: string) {
  let key: KeyObject | null = null;
  let asking: Promise<KeyObject> | null = null;
  let asked: number[] = [];

  const fetchKey = async (): Promise<KeyObject> => {
    const { data } = readAnswer("Kick", PublicKey, await http.json({ method: "GET", url: `${apiUrl}/public-key` }));
    try {
      return createPublicKey(data.public_key);
    } catch {
      throw new PlatformError("unavailable", "Kick's public key cannot be read.");
    }
  };
  /** Once for all who ask at a time. */
  const ask = (): Promise<KeyObject> => {
    asking ??= fetchKey()
      .then((found) => (key = found))
      .finally(() => (asking = null));
    return asking;
  };
  return {
    /** Throws a `PlatformError` where Kick does not tell: the post is not taken then, and Kick posts it again. */
    current: (): Promise<KeyObject> => (key === null ? ask() : Promise.resolve(key)),
    /** Whether the key is another by now, by which it is signed. */
    async renewed(isBy: (key: KeyObject) => boolean): Promise<boolean> {
      const now = performance.now();
      asked = asked.filter((at) => at > now - askedWithinMs);
      if (asking === null) {
        if (asked.length >= mostAsked) return false;
        asked.push(now);
      }
      return isBy(await ask());
    },
  };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return null;
  }
}

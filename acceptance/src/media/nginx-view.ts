import { randomBytes } from "node:crypto";
import type { NginxRtmp } from "@trax/peers";
import { eventually } from "./eventually.ts";

/** A stream key of one test's own. */
export function newKey(): string {
  return `key-${randomBytes(8).toString("hex")}`;
}

export async function isPublished(nginx: NginxRtmp, key: string): Promise<boolean> {
  return (await nginx.streams()).some((stream) => stream.name === key && stream.publishing);
}

/** Bytes that came under that key, by whoever publishes it now; 0 while nobody does. */
export async function bytesIn(nginx: NginxRtmp, key: string): Promise<number> {
  return (await nginx.streams()).find((stream) => stream.name === key && stream.publishing)?.bytesIn ?? 0;
}

export async function untilPublished(nginx: NginxRtmp, key: string): Promise<void> {
  await eventually(`${key} is published`, () => isPublished(nginx, key), Boolean);
}

export async function untilEnded(nginx: NginxRtmp, key: string): Promise<void> {
  await eventually(
    `${key} ends`,
    () => isPublished(nginx, key),
    (published) => !published,
  );
}

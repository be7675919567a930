import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { request } from "node:http";
import { AssetCreated } from "@trax/contract";
import type { Account } from "./account.ts";

/** Uploads as a client makes them: the API says where the bytes go, and they go there by whatever it says. */

export const someBytes = (length: number): Buffer<ArrayBuffer> => Buffer.from(randomBytes(length));

export const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** An upload that was begun, of a small image unless told otherwise. */
export async function beginUpload(account: Account, body: object = {}): Promise<AssetCreated> {
  const usual = { name: "Card.png", contentType: "image/png", sizeBytes: 1_000 };
  const answer = await account.ask("POST", "/v1/media", { ...usual, ...body });
  assert.equal(answer.status, 201, answer.text);
  return AssetCreated.parse(answer.json);
}

type Where = { readonly url: string; readonly headers: Readonly<Record<string, string>> };

/** The status that the bytes are answered with. */
export async function sendTo(
  { url, headers }: Where,
  bytes: Uint8Array<ArrayBuffer>,
  more: Readonly<Record<string, string>> = {},
): Promise<number> {
  const answer = await fetch(url, { method: "PUT", headers: { ...headers, ...more }, body: bytes });
  await answer.arrayBuffer();
  return answer.status;
}

/** Sends the beginning of it, and breaks the connection once that has left. */
export async function cutOff({ url, headers }: Where, bytes: Uint8Array, whole: number): Promise<void> {
  const asked = request(url, { method: "PUT", headers: { ...headers, "content-length": whole } });
  asked.on("error", () => undefined);
  await new Promise<void>((resolve) => asked.write(bytes, () => resolve()));
  const closed = Promise.withResolvers<void>();
  asked.once("close", closed.resolve);
  asked.destroy();
  await closed.promise;
}

/** The upload as it stands now. */
export async function resumed(account: Account, assetId: string): Promise<AssetCreated> {
  const answer = await account.ask("POST", `/v1/media/${assetId}/upload`);
  assert.equal(answer.status, 200, answer.text);
  return AssetCreated.parse(answer.json);
}

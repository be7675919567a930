import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after } from "node:test";
import { Asset, AssetCreated } from "@trax/contract";
import sql from "sql-template-tag";
import { startControl } from "../../../testing/control.ts";
import { shapeOf } from "../../../testing/shape.ts";
import { Tenant } from "../../../testing/tenant.ts";

/** What is uploaded, unless something else is said. */
export const bytes = randomBytes(300_000);

export const hash = (of: Uint8Array): string => createHash("sha256").update(of).digest("hex");

export async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(10);
}

/** A control whose library is on a disk and takes 10 MB of an account, with a tenant, until the file's tests are over. */
export async function startLibrary() {
  const dataDir = await mkdtemp(join(tmpdir(), "trax-library-"));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const control = await startControl({ TRAX_DATA_DIR: dataDir, TRAX_MEDIA_QUOTA_BYTES: "10000000" });
  after(() => control[Symbol.asyncDispose]());
  const { database } = control;
  const ada = await Tenant.make(control);

  /** A signed URL here: the public one has no port, since any free one was asked for. */
  const here = (url: string): string => control.baseUrl + url.slice(new URL(url).origin.length);

  async function create(body: object = {}, tenant = ada): Promise<AssetCreated> {
    const usual = { name: "Clip.mp4", contentType: "video/mp4", sizeBytes: bytes.length, sha256: hash(bytes) };
    return shapeOf(await tenant.call("POST", "/v1/media", { ...usual, ...body }), 201, AssetCreated);
  }

  const read = async ({ id }: { readonly id: string }): Promise<Asset> =>
    shapeOf(await ada.call("GET", `/v1/media/${id}`), 200, Asset);

  async function send(
    { upload }: AssetCreated,
    body: Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>> = {},
    url = upload.url,
  ): Promise<string> {
    const answer = await fetch(here(url), { method: "PUT", headers: { ...upload.headers, ...headers }, body });
    const text = await answer.text();
    const code = /"code":"(\w+)"/.exec(text)?.[1];
    return code === undefined ? String(answer.status) : `${answer.status} ${code}`;
  }

  const offsetOf = async ({ upload }: AssetCreated): Promise<string | null> =>
    (await fetch(here(upload.url), { method: "HEAD" })).headers.get("upload-offset");

  /** Files of objects, and of those that are not whole, below the data directory. */
  const filesOf = async ({ id }: { readonly id: string }): Promise<string[]> =>
    (await readdir(join(dataDir, "objects"), { recursive: true }).catch(() => [])).filter((name) =>
      name.includes(`${id}/`),
    );

  /** Sends the beginning of an upload, and breaks the connection when the server has it. */
  async function cutOff(made: AssetCreated, part: Uint8Array): Promise<void> {
    const asked = request(here(made.upload.url), {
      method: "PUT",
      headers: { ...made.upload.headers, "content-length": bytes.length },
    });
    asked.on("error", () => undefined);
    asked.write(part);
    await until(async () => (await offsetOf(made)) === String(part.length));
    asked.destroy();
  }

  /** Waits until nothing is owed any more for the asset. */
  async function removed({ id }: { readonly id: string }): Promise<void> {
    const key = `assets/${id}/`;
    await until(async () => (await database.query(sql`select from owed_removals where key = ${key}`)).length === 0);
  }

  return { dataDir, control, database, ada, here, create, read, send, offsetOf, filesOf, cutOff, removed };
}

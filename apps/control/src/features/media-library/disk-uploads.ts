import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { codeOf } from "@trax/foundation/error-code";
import { incomingPathOf, moveInto } from "@trax/foundation/object-store/disk";
import { isNoSpace } from "@trax/foundation/object-store/storage-full";
import { ApiError, notFound } from "../../kernel/errors.ts";
import { hasRoom } from "./disk-room.ts";
import type { Uploaded } from "./storage.ts";

/** Where in the file what comes now belongs, bytes. */
export type Piece = { readonly offset: number; readonly length: number };

/** A sender that is silent for so long has lost its connection, even where nobody was told. */
const silentMs = 30_000;
/** And for so long may be replaced by one who goes on. */
const replaceableMs = 5_000;
/** Several that were begun while there was room for each may fill the disk together: it is looked at so often, bytes. */
const lookBytes = 16 * 1_048_576;

type Sender = { readonly stop: () => void; readonly ended: Promise<void>; movedAt: number };

/**
 * Receives uploads into files below the objects' directory. What has come stays
 * when a connection is cut off, until the upload is gone on with or swept; it
 * becomes an object by one rename, when all of it is there and right.
 */
export class DiskUploads {
  readonly #root: string;
  readonly #hasRoom: typeof hasRoom;
  readonly #senders = new Map<string, Sender>();

  constructor(root: string, room = hasRoom) {
    this.#root = root;
    this.#hasRoom = room;
  }

  /** How much of it is there. */
  async received({ objectKey, sizeBytes }: Uploaded): Promise<number> {
    if (await this.isThere({ objectKey })) return sizeBytes;
    return sizeOf(incomingPathOf(this.#root, objectKey));
  }

  async isThere({ objectKey }: Pick<Uploaded, "objectKey">): Promise<boolean> {
    return (await stat(join(this.#root, objectKey)).catch(() => null)) !== null;
  }

  /** Takes one piece; answers how much is there then. With the last one the object is. */
  async receive(upload: Uploaded, body: Readable, piece: Piece): Promise<number> {
    const ended = Promise.withResolvers<void>();
    const sender = await this.#become(upload.id, body, ended.promise);
    try {
      return await this.#take(upload, body, piece, sender);
    } catch (error) {
      if (isNoSpace(error)) throw await this.#full(upload);
      // Its asset was deleted meanwhile, and what had come of it removed.
      throw codeOf(error) === "ENOENT" ? notFound("asset") : error;
    } finally {
      // Who is refused half-way is answered on this connection: what still comes is dropped, and the next request works.
      body.resume();
      this.#senders.delete(upload.id);
      ended.resolve();
    }
  }

  /** The one sender of this upload: another one ends first, if it is silent, or is the one that goes on. */
  async #become(id: string, body: Readable, ended: Promise<void>): Promise<Sender> {
    for (let other = this.#senders.get(id); other !== undefined; other = this.#senders.get(id)) {
      if (performance.now() - other.movedAt < replaceableMs)
        throw new ApiError("upload_in_progress", undefined, { headers: { "retry-after": "5" } });
      other.stop();
      await other.ended;
    }
    const stop = (): void => void body.destroy(cutOff("Another sender goes on with this upload."));
    const sender = { stop, ended, movedAt: performance.now() };
    this.#senders.set(id, sender);
    return sender;
  }

  async #take(upload: Uploaded, body: Readable, { offset, length }: Piece, sender: Sender): Promise<number> {
    if (await this.isThere(upload)) throw new ApiError("upload_finished");
    const path = incomingPathOf(this.#root, upload.objectKey);
    const before = await sizeOf(path);
    if (offset > before) throw notThere(before);
    await mkdir(dirname(path), { recursive: true });
    // All in one is looked at as it comes; what came in pieces is read once more.
    const hash = upload.sha256 !== null && length === upload.sizeBytes ? createHash("sha256") : null;
    const file = await open(path, before === 0 ? "w" : "r+");
    try {
      if (offset < before) await file.truncate(offset);
      let at = offset;
      for await (const chunk of whileItMoves(body)) {
        sender.movedAt = performance.now();
        hash?.update(chunk);
        await writeAll(file, chunk, at);
        const look = Math.floor(at / lookBytes);
        at += chunk.length;
        if (Math.floor(at / lookBytes) > look && !(await this.#hasRoom(this.#root, 0))) throw await this.#full(upload);
      }
      if (at < offset + length) throw cutOff("The body ended early.");
      if (at < upload.sizeBytes) return at;
      await file.sync();
    } finally {
      await file.close();
    }
    const found = upload.sha256 === null ? null : (hash?.digest("hex") ?? (await hashOf(path)));
    if (found !== upload.sha256) {
      await rm(path, { force: true });
      throw new ApiError("checksum_mismatch");
    }
    await moveInto(path, join(this.#root, upload.objectKey));
    return upload.sizeBytes;
  }

  /** What there is no room for must not keep the room that others need. */
  async #full({ objectKey }: Uploaded): Promise<ApiError> {
    await rm(incomingPathOf(this.#root, objectKey), { force: true });
    return new ApiError("storage_full");
  }
}

function cutOff(message: string): ApiError {
  return new ApiError("invalid_request", message);
}

function notThere(received: number): ApiError {
  return new ApiError("upload_incomplete", `Only the first ${received} bytes are there: go on with those after them.`, {
    headers: { "upload-offset": String(received) },
  });
}

/** The body's chunks; it ends with an error when none comes for too long. */
async function* whileItMoves(body: Readable): AsyncGenerator<Buffer> {
  const timer = setTimeout(() => body.destroy(cutOff("The sender was silent.")), silentMs);
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false })) {
      timer.refresh();
      yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    }
  } finally {
    clearTimeout(timer);
  }
}

async function writeAll(file: FileHandle, chunk: Buffer, at: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, done, chunk.length - done, at + done);
    done += bytesWritten;
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

import { createReadStream } from "node:fs";
import { IncomingMessage } from "node:http";
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import type { ObjectStore } from "./store.ts";
import { checkKey } from "./key.ts";
import { isAbsent } from "./s3-bucket.ts";
import type { Bucket } from "./s3-bucket.ts";
import { StorageAway } from "./storage-away.ts";

/** How long a file may take to be sent. */
const putPatienceMs = 6 * 3_600_000;
/** S3 takes at most 10,000 parts, of 5 MB at least. */
const partBytes = 32 * 1_048_576;
/** In the middle of an object. */
const usualSilentMs = 30_000;

/**
 * Objects in a bucket. Throws `StorageAway` where its server cannot answer, or
 * while an object is read says nothing for `silentMs`.
 */
export function openS3Store(bucket: Bucket, silentMs = usualSilentMs): ObjectStore {
  const { client, name: Bucket } = bucket;

  const keysBelow = async (prefix: string): Promise<string[]> => {
    const keys: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({ Bucket, Prefix: prefix, ContinuationToken });
      const page = await bucket.ask((abortSignal) => client.send(command, { abortSignal }));
      keys.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return keys;
  };

  /** What was sent of uploads that were never put together costs as much as what was. */
  const abortUploadsBelow = async (prefix: string): Promise<void> => {
    const command = new ListMultipartUploadsCommand({ Bucket, Prefix: prefix });
    const { Uploads = [] } = await bucket.ask((abortSignal) => client.send(command, { abortSignal }));
    for (const { Key, UploadId } of Uploads) {
      if (Key === undefined || UploadId === undefined || !Key.startsWith(prefix)) continue;
      const abort = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
      try {
        await bucket.ask((abortSignal) => client.send(abort, { abortSignal }));
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    }
  };

  return {
    async putFile(key, path, { contentType, signal: told }) {
      checkKey(key);
      const body = createReadStream(path);
      try {
        await bucket.ask(async (late) => {
          const signal = told === undefined ? late : AbortSignal.any([late, told]);
          signal.throwIfAborted();
          const abortController = new AbortController();
          const params = { Bucket, Key: key, Body: body, ContentType: contentType };
          const upload = new Upload({ client, params, partSize: partBytes, queueSize: 2, abortController });
          const stop = (): void => void upload.abort();
          signal.addEventListener("abort", stop, { once: true });
          try {
            await upload.done();
          } finally {
            signal.removeEventListener("abort", stop);
          }
        }, putPatienceMs);
      } finally {
        body.destroy();
      }
    },
    async read(key, range) {
      checkKey(key);
      const Range = range === undefined ? undefined : `bytes=${range.start}-${range.end}`;
      try {
        const command = new GetObjectCommand({ Bucket, Key: key, Range });
        const found = await bucket.ask(async (late) => {
          // The body is read long after this has been answered: only the answer itself is waited for.
          const answering = new AbortController();
          const stop = (): void => answering.abort();
          late.addEventListener("abort", stop, { once: true });
          try {
            return await client.send(command, { abortSignal: answering.signal });
          } finally {
            late.removeEventListener("abort", stop);
          }
        });
        const body = found.Body;
        if (!(body instanceof IncomingMessage)) throw new Error("S3 answered without a body");
        endWhenSilent(body, silentMs);
        const whole = /\/(\d+)$/.exec(found.ContentRange ?? "")?.[1];
        const sizeBytes = whole === undefined ? (found.ContentLength ?? 0) : Number(whole);
        return { body, stored: { key, sizeBytes, contentType: found.ContentType ?? null, sha256: null } };
      } catch (error) {
        if (isAbsent(error)) return null;
        throw error;
      }
    },
    async stat(key) {
      checkKey(key);
      const command = new HeadObjectCommand({ Bucket, Key: key, ChecksumMode: "ENABLED" });
      try {
        const found = await bucket.ask((abortSignal) => client.send(command, { abortSignal }));
        return {
          key,
          sizeBytes: found.ContentLength ?? 0,
          contentType: found.ContentType ?? null,
          sha256: hexOf(found.ChecksumSHA256),
        };
      } catch (error) {
        if (isAbsent(error)) return null;
        throw error;
      }
    },
    async remove(key) {
      checkKey(key);
      const keys = key.endsWith("/") ? await keysBelow(key) : [key];
      for (const Key of keys)
        await bucket.ask((abortSignal) => client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal }));
      if (key.endsWith("/")) await abortUploadsBelow(key);
    },
    async localPath() {
      return null;
    },
    async close() {
      client.destroy();
    },
  };
}

/** Who reads it is told, and not kept for ever, when the rest of it does not come. */
function endWhenSilent(body: IncomingMessage, ms: number): void {
  const { socket } = body;
  const end = (): void => void body.destroy(new StorageAway("the S3 server fell silent in the middle of an object"));
  socket.setTimeout(ms, end);
  // The connection is used again, and whoever keeps it until then sets its own time.
  body.once("close", () => socket.off("timeout", end));
}

/** Of an object that was sent in parts it is one of the parts' checksums, which says nothing of the bytes. */
function hexOf(checksum: string | undefined): string | null {
  const bytes = Buffer.from(checksum ?? "", "base64");
  return bytes.length === 32 && !checksum?.includes("-") ? bytes.toString("hex") : null;
}

import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
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

/** How long a file may take to be sent. */
const putPatienceMs = 6 * 3_600_000;
/** S3 takes at most 10,000 parts, of 5 MB at least. */
const partBytes = 32 * 1_048_576;

/** Objects in a bucket. Throws `StorageAway` where its server cannot answer. */
export function openS3Store(bucket: Bucket): ObjectStore {
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
    async putFile(key, path, { contentType }) {
      checkKey(key);
      const body = createReadStream(path);
      try {
        await bucket.ask(async (signal) => {
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
        // The body is read long after this has been answered: only the answer itself is waited for.
        const found = await bucket.ask(() => client.send(new GetObjectCommand({ Bucket, Key: key, Range })));
        const body = found.Body;
        if (!(body instanceof Readable)) throw new Error("S3 answered without a body");
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

/** Of an object that was sent in parts it is one of the parts' checksums, which says nothing of the bytes. */
function hexOf(checksum: string | undefined): string | null {
  const bytes = Buffer.from(checksum ?? "", "base64");
  return bytes.length === 32 && !checksum?.includes("-") ? bytes.toString("hex") : null;
}

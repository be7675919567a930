import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  PutObjectCommand,
  S3ServiceException,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { isAbsent } from "./s3-bucket.ts";
import type { Bucket } from "./s3-bucket.ts";
import { signerOfReads } from "./s3-reads.ts";
import type { SignRead } from "./s3-reads.ts";

/** A request that somebody without a credential may make; the headers must be sent as they are. */
export type SignedRequest = { readonly url: string; readonly headers: Readonly<Record<string, string>> };

export type SentPart = { readonly partNumber: number; readonly etag: string; readonly sizeBytes: number };

/** What S3 lets others do with one object of the bucket, by URLs that it checks itself. */
export type S3Uploads = {
  /** One PUT of exactly these bytes: S3 refuses another length, type or checksum, and all once the object is there. */
  put(
    object: {
      readonly key: string;
      readonly contentType: string;
      readonly sizeBytes: number;
      /** Hex. */
      readonly sha256: string | null;
    },
    seconds: number,
  ): Promise<SignedRequest>;
  /** Begins an upload in parts; answers S3's name of it. */
  begin(key: string, contentType: string): Promise<string>;
  part(
    of: { readonly key: string; readonly uploadId: string; readonly partNumber: number; readonly sizeBytes: number },
    seconds: number,
  ): Promise<SignedRequest>;
  /** Those that are there; null where S3 knows no such upload (any more). */
  parts(key: string, uploadId: string): Promise<readonly SentPart[] | null>;
  /** Makes the object of its parts. Harmless where another request has done so. */
  complete(key: string, uploadId: string, parts: readonly SentPart[]): Promise<void>;
  /** A GET, with Range. `signedAt` and the rest being equal, so is the URL. */
  readonly get: SignRead;
};

/** S3 may take minutes to put a large object together; who waits asks again. */
const completePatienceMs = 8_000;

// By default only the host and the length are signed, and the checksum moves to the query, where nobody checks it.
const signableHeaders = new Set(["host", "content-length", "content-type", "if-none-match", "x-amz-checksum-sha256"]);
// The type is the whole object's, told when it was begun.
const signableHeadersOfParts = new Set(["host", "content-length"]);
const unhoistableHeaders = new Set(["x-amz-checksum-sha256"]);

export function s3Uploads(bucket: Bucket): S3Uploads {
  const { client, name: Bucket } = bucket;
  return {
    async put({ key, contentType, sizeBytes, sha256 }, expiresIn) {
      const checksum = sha256 === null ? null : Buffer.from(sha256, "hex").toString("base64");
      const command = new PutObjectCommand({
        Bucket,
        Key: key,
        ContentType: contentType,
        ContentLength: sizeBytes,
        IfNoneMatch: "*",
        ...(checksum === null ? {} : { ChecksumSHA256: checksum }),
      });
      const url = await getSignedUrl(client, command, { expiresIn, signableHeaders, unhoistableHeaders });
      const headers = { "content-type": contentType, "if-none-match": "*" };
      return { url, headers: checksum === null ? headers : { ...headers, "x-amz-checksum-sha256": checksum } };
    },
    async begin(key, contentType) {
      const command = new CreateMultipartUploadCommand({ Bucket, Key: key, ContentType: contentType });
      const { UploadId } = await bucket.ask((abortSignal) => client.send(command, { abortSignal }));
      if (UploadId === undefined) throw new Error("S3 began an upload and did not name it");
      return UploadId;
    },
    async part({ key, uploadId, partNumber, sizeBytes }, expiresIn) {
      const command = new UploadPartCommand({
        Bucket,
        Key: key,
        UploadId: uploadId,
        PartNumber: partNumber,
        ContentLength: sizeBytes,
      });
      const url = await getSignedUrl(client, command, { expiresIn, signableHeaders: signableHeadersOfParts });
      return { url, headers: {} };
    },
    async parts(key, uploadId) {
      const sent: SentPart[] = [];
      let PartNumberMarker: string | undefined;
      try {
        for (;;) {
          const command = new ListPartsCommand({ Bucket, Key: key, UploadId: uploadId, PartNumberMarker });
          const page = await bucket.ask((abortSignal) => client.send(command, { abortSignal }));
          for (const { PartNumber, ETag, Size } of page.Parts ?? [])
            if (PartNumber !== undefined && ETag !== undefined)
              sent.push({ partNumber: PartNumber, etag: ETag, sizeBytes: Size ?? 0 });
          if (page.IsTruncated !== true) return sent;
          PartNumberMarker = page.NextPartNumberMarker;
        }
      } catch (error) {
        if (isAbsent(error)) return null;
        throw error;
      }
    },
    async complete(key, uploadId, parts) {
      const command = new CompleteMultipartUploadCommand({
        Bucket,
        Key: key,
        UploadId: uploadId,
        IfNoneMatch: "*",
        MultipartUpload: { Parts: parts.map(({ partNumber, etag }) => ({ PartNumber: partNumber, ETag: etag })) },
      });
      try {
        await bucket.ask((abortSignal) => client.send(command, { abortSignal }), completePatienceMs);
      } catch (error) {
        // Another request was first: the object is there, or will be.
        const isDone = error instanceof S3ServiceException && error.$metadata.httpStatusCode === 412;
        if (!isDone && !isAbsent(error)) throw error;
      }
    },
    get: signerOfReads(client, Bucket),
  };
}

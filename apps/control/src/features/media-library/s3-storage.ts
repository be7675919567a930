import type { AssetUploadPart } from "@trax/contract";
import type { ObjectStore } from "@trax/foundation/object-store";
import type { S3Uploads } from "@trax/foundation/object-store/s3-uploads";
import { attachmentOf } from "../../kernel/content-disposition.ts";
import { ApiError } from "../../kernel/errors.ts";
import { sharedLifeSeconds } from "./storage.ts";
import type { LibraryStorage, Uploaded } from "./storage.ts";

const mib = 1_048_576;
/** More than this is sent in parts, so that what was sent stays when a connection is cut off. */
const inPartsAbove = 100_000_000;
const smallestPart = 16 * mib;
const mostParts = 200;

type Part = { readonly partNumber: number; readonly offset: number; readonly sizeBytes: number };

/** The parts a file of that size is sent in; all of one size but the last. */
export function partsOf(sizeBytes: number): readonly Part[] {
  const each = Math.max(smallestPart, Math.ceil(sizeBytes / mostParts / mib) * mib);
  return Array.from({ length: Math.ceil(sizeBytes / each) }, (_, index) => ({
    partNumber: index + 1,
    offset: index * each,
    sizeBytes: Math.min(each, sizeBytes - index * each),
  }));
}

/** The library in a bucket of S3: bytes go straight to it and come straight from it. */
export function s3Storage(store: ObjectStore, s3: S3Uploads): LibraryStorage {
  /**
   * Whether all of it is there. S3 keeps no object whose body was cut off, but servers that speak its protocol have
   * (VersityGW up to 1.8): it is removed, since nothing else could be put in its place.
   */
  const isThere = async ({ objectKey, sizeBytes }: Uploaded): Promise<boolean> => {
    const found = await store.stat(objectKey);
    if (found !== null && found.sizeBytes !== sizeBytes) await store.remove(objectKey);
    return found?.sizeBytes === sizeBytes;
  };

  const missing = async (upload: Uploaded, uploadId: string): Promise<readonly Part[]> => {
    const sent = (await s3.parts(upload.objectKey, uploadId)) ?? [];
    const sizes = new Map(sent.map(({ partNumber, sizeBytes }) => [partNumber, sizeBytes]));
    return partsOf(upload.sizeBytes).filter(({ partNumber, sizeBytes }) => sizes.get(partNumber) !== sizeBytes);
  };

  return {
    async requireRoom() {
      // S3 has room, or says so to whoever sends.
    },
    async begin({ objectKey, contentType, sizeBytes }) {
      return sizeBytes > inPartsAbove ? s3.begin(objectKey, contentType) : null;
    },
    async offer(upload) {
      const { objectKey, uploadId, expiresAt } = upload;
      const seconds = Math.max(1, Math.floor((expiresAt.getTime() - Date.now()) / 1_000));
      const { url, headers } = await s3.put({ ...upload, key: objectKey }, seconds);
      const there = await isThere(upload);
      const sign = async (part: Part): Promise<AssetUploadPart> => {
        const of = { key: objectKey, uploadId: uploadId ?? "", ...part };
        const signed = await s3.part(of, seconds);
        return { ...part, url: signed.url, headers: { ...signed.headers } };
      };
      const left = uploadId === null ? null : there ? [] : await missing(upload, uploadId);
      return {
        method: "PUT",
        url,
        headers: { ...headers },
        expiresAt: expiresAt.toISOString(),
        receivedBytes: there ? upload.sizeBytes : 0,
        parts: left === null ? null : await Promise.all(left.map(sign)),
      };
    },
    async settle(upload) {
      const { objectKey, uploadId } = upload;
      if (await isThere(upload)) return true;
      if (uploadId === null) return false;
      const left = await missing(upload, uploadId);
      const sent = left.length === 0 ? await s3.parts(objectKey, uploadId) : null;
      // Put together by another request meanwhile, perhaps.
      if (sent === null && (await isThere(upload))) return true;
      if (sent === null) {
        const first = left.slice(0, 20).map(({ partNumber }) => String(partNumber));
        throw new ApiError(
          "upload_incomplete",
          `${left.length} parts are missing: ${first.join(", ")}${left.length > 20 ? ", …" : ""}.`,
        );
      }
      const known = new Set(partsOf(upload.sizeBytes).map(({ partNumber }) => partNumber));
      await s3.complete(
        objectKey,
        uploadId,
        sent.filter(({ partNumber }) => known.has(partNumber)),
      );
      return true;
    },
    share({ key, contentType, name }, since) {
      const disposition = name === null ? "inline" : attachmentOf(name);
      return s3.get({ key, contentType, disposition }, since, sharedLifeSeconds);
    },
  };
}

import type { AssetUpload } from "@trax/contract";

/** What of an asset an upload is about. */
export type Uploaded = {
  readonly id: string;
  readonly objectKey: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Hex, as the client told it; null where it did not. */
  readonly sha256: string | null;
  /** The store's name of an upload in parts; null where it is all in one. */
  readonly uploadId: string | null;
  readonly expiresAt: Date;
};

/** A file of an asset, as somebody without a credential may have it for a while. */
export type SharedFile = {
  readonly key: string;
  readonly contentType: string;
  /** What it is saved as; null: it is shown. */
  readonly name: string | null;
};

/**
 * How bytes come into the library and go out of it, on a disk and on S3 with
 * the same promises: of exactly the length, type and checksum that were told,
 * once, and all of it or nothing. Throws `StorageAway` where it cannot answer.
 */
export type LibraryStorage = {
  /** Refuses with `storage_full` what there is no room for. */
  requireRoom(sizeBytes: number): Promise<void>;
  /** Begins an upload; answers its name where it is one in parts. */
  begin(upload: Uploaded): Promise<string | null>;
  /** Leave to send the bytes, or those that are still missing. */
  offer(upload: Uploaded): Promise<AssetUpload>;
  /** Makes the object of what was sent, and answers whether it is there. Refuses with `upload_incomplete` where parts are missing. */
  settle(upload: Uploaded): Promise<boolean>;
  /** A URL that gives the file for `sharedLifeSeconds` from then: the same for the same. */
  share(file: SharedFile, since: Date): string | Promise<string>;
};

/** Shared URLs end at whole steps of time, so that reading twice gives the same and caches have something to hold. */
const stepMs = 600_000;
export const sharedSeconds = 3_600;

/** When what is shared now was signed, as far as it is told; it lasts `sharedSeconds` and one step from then. */
export function sharedSince(now: number): Date {
  return new Date(Math.floor(now / stepMs) * stepMs);
}

export const sharedLifeSeconds = sharedSeconds + stepMs / 1_000;

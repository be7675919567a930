import type { Readable } from "node:stream";

/** Bytes `start` to `end`, both included, as in RFC 9110, 14.1.2. */
export type ByteRange = { readonly start: number; readonly end: number };

/** Something stored. */
export type StoredObject = {
  readonly key: string;
  readonly sizeBytes: number;
  readonly contentType: string | null;
  /** Hex; null where the store does not know it. */
  readonly sha256: string | null;
};

/**
 * Where files are: a directory, or a bucket of S3. Keys are relative paths of
 * `[A-Za-z0-9._-]` and slashes, no part of which begins with a dot. An object appears whole or not at all.
 */
export type ObjectStore = {
  /**
   * Stores a file's bytes under the key, in place of what was there. Rejects soon after `signal`: a film may take hours;
   * with `StorageFull` where there is no room for it, and then nothing of it is left.
   */
  putFile(
    key: string,
    path: string,
    options: { readonly contentType: string; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Null where there is no such object. The caller reads the body to its end without a pause, or destroys it. */
  read(key: string, range?: ByteRange): Promise<{ readonly body: Readable; readonly stored: StoredObject } | null>;
  stat(key: string): Promise<StoredObject | null>;
  /** The key, or all below it where it ends in a slash. What is not there is no error. */
  remove(key: string): Promise<void>;
  /** The object's file on this machine, for who may read it where it is; null where it is not on a disk of this machine. */
  localPath(key: string): Promise<string | null>;
  close(): Promise<void>;
};

import { resolve } from "node:path";
import type { Config } from "./config.ts";
import { openDiskStore } from "./object-store/disk.ts";
import { storeOpenedLater } from "./object-store/later.ts";
import type { ObjectStore } from "./object-store/store.ts";

export type { ByteRange, ObjectStore, StoredObject } from "./object-store/store.ts";

/** The directory of objects where they are on disk. */
export function objectDirectoryOf(config: Config): string {
  return resolve(config.TRAX_DATA_DIR, "objects");
}

/** What the operator has set: the data directory unless it is a bucket. */
export function openObjectStore(config: Config): ObjectStore {
  const bucket = config.TRAX_S3_BUCKET;
  return bucket === null ? openDiskStore(objectDirectoryOf(config)) : storeOpenedLater(openBucketStore(bucket, config));
}

/** The SDK of S3 takes 50 MB and half a second: who keeps files on a disk does not load it. */
async function openBucketStore(bucket: string, config: Config): Promise<ObjectStore> {
  const [{ openBucket }, { openS3Store }] = await Promise.all([
    import("./object-store/s3-bucket.ts"),
    import("./object-store/s3.ts"),
  ]);
  return openS3Store(openBucket(bucket, config));
}

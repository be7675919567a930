import type { Config } from "@trax/foundation/config";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import { objectDirectoryOf, openObjectStore } from "@trax/foundation/object-store";
import type { ObjectStore } from "@trax/foundation/object-store";
import type { Vault } from "@trax/foundation/vault";
import type { PlainRoutes } from "../../kernel/plain-routes.ts";
import type { RateLimiter } from "../../kernel/rate-limit.ts";
import { publicUrlOf } from "../../kernel/public-url.ts";
import { diskRoutes } from "./disk-routes.ts";
import { diskStorage } from "./disk-storage.ts";
import { DiskUploads } from "./disk-uploads.ts";
import { downloadLimit } from "./download-limit.ts";
import { pathSigner } from "./signed-path.ts";
import { shownAssets } from "./shown-assets.ts";
import type { ShowAsset } from "./shown-assets.ts";
import type { LibraryStorage } from "./storage.ts";
import { startLibrarySweep } from "./sweep.ts";

/** The library's storage, how its assets are shown, and what keeps it clean, until closed. */
export type Library = {
  readonly storage: LibraryStorage;
  readonly show: ShowAsset;
  /** Null where bytes do not pass through control. */
  readonly routes: PlainRoutes | null;
  /** Something was forgotten: it is removed soon. */
  readonly sweepSoon: () => void;
  close(): Promise<void>;
};

/** Opens what the operator has set: the data directory, or a bucket. */
export async function openLibrary(options: {
  readonly config: Config;
  readonly database: Database;
  readonly vault: Vault;
  readonly limiter: RateLimiter;
  readonly log: Logger;
}): Promise<Library> {
  const { config, database, log } = options;
  const store = openObjectStore(config);
  const { storage, routes } =
    config.TRAX_S3_BUCKET === null ? onDisk(options) : await inBucket(config, config.TRAX_S3_BUCKET, store);
  const uploadSeconds = config.TRAX_MEDIA_UPLOAD_TTL_S;
  const sweep = startLibrarySweep({ database, store, log, uploadSeconds });
  return {
    storage,
    show: shownAssets(storage),
    routes,
    sweepSoon: () => sweep.soon(),
    async close() {
      await sweep.close();
      await store.close();
    },
  };
}

type Storage = Pick<Library, "storage" | "routes">;

function onDisk({
  config,
  database,
  vault,
  limiter,
}: {
  readonly config: Config;
  readonly database: Database;
  readonly vault: Vault;
  readonly limiter: RateLimiter;
}): Storage {
  const root = objectDirectoryOf(config);
  const uploads = new DiskUploads(root);
  const signer = pathSigner(vault.derive("media files"));
  return {
    storage: diskStorage({ root, uploads, signer, baseUrl: publicUrlOf(config) }),
    routes: diskRoutes({
      root,
      database,
      uploads,
      signer,
      limit: downloadLimit({ database, limiter, rateLimit: config.TRAX_RATE_LIMIT }),
    }),
  };
}

async function inBucket(config: Config, name: string, store: ObjectStore): Promise<Storage> {
  const [{ openBucket }, { s3Uploads }, { s3Storage }] = await Promise.all([
    import("@trax/foundation/object-store/s3-bucket"),
    import("@trax/foundation/object-store/s3-uploads"),
    import("./s3-storage.ts"),
  ]);
  return { storage: s3Storage(store, s3Uploads(openBucket(name, config))), routes: null };
}

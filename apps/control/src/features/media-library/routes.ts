import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import type { Library } from "./library.ts";
import { checkSize, createAsset, deleteAsset, listOfAssets, renameAsset, requireAsset } from "./logic.ts";
import { beginUpload, completeUpload, resumeUpload } from "./uploads.ts";

export type MediaLibraryHandlers = {
  readonly read: Handlers<"listMedia" | "getMedia">;
  readonly write: Handlers<"createMedia" | "updateMedia" | "deleteMedia" | "completeMedia" | "resumeMediaUpload">;
};

export function mediaLibraryHandlers({
  config,
  cursors,
  database,
  library,
}: Pick<Services, "config" | "cursors" | "database"> & { readonly library: Library }): MediaLibraryHandlers {
  const { show, storage } = library;
  const parts = { database, show, storage };
  const uploadSeconds = config.TRAX_MEDIA_UPLOAD_TTL_S;
  const limits = { quotaBytes: config.TRAX_MEDIA_QUOTA_BYTES, uploadSeconds };
  return {
    read: {
      listMedia: ({ db, accountId, query }) => listOfAssets(db, accountId, show, cursors, query),
      getMedia: async ({ db, accountId, params }) => show(await requireAsset(db, accountId, params.assetId)),
    },
    write: {
      createMedia: {
        check: async ({ body }) => {
          checkSize(body);
          await storage.requireRoom(body.sizeBytes);
        },
        run: async ({ db, accountId, body }) => beginUpload(parts, await createAsset(db, accountId, limits, body)),
      },
      updateMedia: ({ db, accountId, params, body }) => renameAsset(db, accountId, params.assetId, show, body),
      deleteMedia: async ({ db, accountId, params, query, afterCommit }) => {
        await deleteAsset(db, accountId, params.assetId, { force: query.force === "true" });
        afterCommit(() => library.sweepSoon());
      },
      completeMedia: ({ db, accountId, params }) => completeUpload(db, accountId, params.assetId, parts),
      resumeMediaUpload: ({ db, accountId, params }) =>
        resumeUpload(db, accountId, params.assetId, parts, uploadSeconds),
    },
  };
}

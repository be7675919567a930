import { mkdir } from "node:fs/promises";
import { ApiError } from "../../kernel/errors.ts";
import { hasRoom } from "./disk-room.ts";
import type { DiskUploads } from "./disk-uploads.ts";
import type { PathSigner } from "./signed-path.ts";
import { sharedLifeSeconds } from "./storage.ts";
import type { LibraryStorage } from "./storage.ts";

/** What is below it is signed: `disk-routes.ts` serves it. */
export const diskPath = "/media-files";

/** What a signed URL lets do: send an asset's bytes, or have one of its files under a type and a name. */
export const permissionTo = {
  upload: (assetId: string): readonly string[] => ["upload", assetId],
  read: (key: string, contentType: string, name: string | null): readonly string[] =>
    name === null ? ["read", key, contentType] : ["read", key, contentType, name],
};

/** The library in a directory of this machine, its bytes sent to and from control itself. */
export function diskStorage(options: {
  readonly root: string;
  readonly uploads: DiskUploads;
  readonly signer: PathSigner;
  /** The API's own address. */
  readonly baseUrl: string;
}): LibraryStorage {
  const { root, uploads, signer, baseUrl } = options;
  return {
    async requireRoom(sizeBytes) {
      await mkdir(root, { recursive: true });
      if (!(await hasRoom(root, sizeBytes))) throw new ApiError("storage_full");
    },
    async begin() {
      return null;
    },
    async offer(upload) {
      const { id, contentType, expiresAt } = upload;
      return {
        method: "PUT",
        url: `${baseUrl}${diskPath}/${id}/upload?${signer.sign(permissionTo.upload(id), expiresAt)}`,
        headers: { "content-type": contentType },
        expiresAt: expiresAt.toISOString(),
        receivedBytes: await uploads.received(upload),
        parts: null,
      };
    },
    settle: (upload) => uploads.isThere(upload),
    share({ key, contentType, name }, since) {
      const expiresAt = new Date(since.getTime() + sharedLifeSeconds * 1_000);
      const query = new URLSearchParams({ type: contentType, ...(name === null ? {} : { name }) });
      const signature = signer.sign(permissionTo.read(key, contentType, name), expiresAt);
      return `${baseUrl}${diskPath}/${key.slice("assets/".length)}?${query.toString()}&${signature}`;
    },
  };
}

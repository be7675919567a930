import { z } from "zod";
import { Asset, AssetCreate, AssetCreated, AssetId, AssetKind, AssetList, AssetUpdate } from "./asset.ts";
import { PageQuery } from "./field.ts";
import { operation } from "./operation.ts";

const ofAsset = z.object({ assetId: AssetId });

/** The media library: what is uploaded once and shown in many scenes. */
export const assetOperations = {
  listMedia: operation({
    method: "GET",
    path: "/v1/media",
    tag: "Media library",
    summary: "List the media library",
    auth: "credential",
    scope: "media:read",
    write: false,
    paginated: true,
    params: null,
    query: PageQuery.extend({ kind: AssetKind.optional() }),
    body: null,
    status: 200,
    response: AssetList,
    errors: [],
  }),
  createMedia: operation({
    method: "POST",
    path: "/v1/media",
    tag: "Media library",
    summary: "Begin an upload",
    description:
      "Answers where to send the bytes to: `PUT` them to `upload.url` with `upload.headers`, or, where `upload.parts` is given (more than 100 MB, where the library is on S3), each part to its own. Then call `complete`. Bytes of another length, type or checksum are refused where they are sent. The account's quota is over `sizeBytes` of all its assets, uploads under way and recordings included; what is made of them (renditions, thumbnails, waveforms) does not count (`quota_exceeded`).",
    auth: "credential",
    scope: "media:write",
    write: true,
    params: null,
    query: null,
    body: AssetCreate,
    status: 201,
    response: AssetCreated,
    errors: ["quota_exceeded", "storage_full", "storage_unavailable"],
  }),
  getMedia: operation({
    method: "GET",
    path: "/v1/media/{assetId}",
    tag: "Media library",
    summary: "Get an asset",
    auth: "credential",
    scope: "media:read",
    write: false,
    params: ofAsset,
    query: null,
    body: null,
    status: 200,
    response: Asset,
    errors: [],
  }),
  updateMedia: operation({
    method: "PATCH",
    path: "/v1/media/{assetId}",
    tag: "Media library",
    summary: "Rename an asset",
    auth: "credential",
    scope: "media:write",
    write: true,
    params: ofAsset,
    query: null,
    body: AssetUpdate,
    status: 200,
    response: Asset,
    errors: [],
  }),
  deleteMedia: operation({
    method: "DELETE",
    path: "/v1/media/{assetId}",
    tag: "Media library",
    summary: "Delete an asset",
    description:
      "With its files, or with what was sent of them; of a recording with the file on its media node, too, after which the recording is `deleted` and cannot be downloaded. Refused with `asset_in_use` while a scene, an overlay, a slate or a source names it (`details` says which), unless `?force=true`: what names it then shows nothing in its place, and has its id in `missingIds`.",
    auth: "credential",
    scope: "media:write",
    write: true,
    params: ofAsset,
    query: z.object({
      force: z
        .enum(["true", "false"])
        .meta({ id: "AssetForce", description: "`true`: although it is in use." })
        .optional(),
    }),
    body: null,
    status: 204,
    response: null,
    errors: ["asset_in_use"],
  }),
  completeMedia: operation({
    method: "POST",
    path: "/v1/media/{assetId}/complete",
    tag: "Media library",
    summary: "Say that an upload is complete",
    description:
      "Looks at what is there, puts parts together, and begins the processing. `upload_incomplete` while bytes are missing. Harmless when that was done already.",
    auth: "credential",
    scope: "media:write",
    write: true,
    params: ofAsset,
    query: null,
    body: null,
    status: 200,
    response: Asset,
    errors: ["upload_incomplete", "storage_full", "storage_unavailable"],
  }),
  resumeMediaUpload: operation({
    method: "POST",
    path: "/v1/media/{assetId}/upload",
    tag: "Media library",
    summary: "Go on with an upload",
    description:
      "Answers the upload again, signed anew: with what is there already in `receivedBytes`, or with the parts that are still missing. `upload_finished` when the bytes are there.",
    auth: "credential",
    scope: "media:write",
    write: true,
    params: ofAsset,
    query: null,
    body: null,
    status: 200,
    response: AssetCreated,
    errors: ["upload_finished", "storage_unavailable"],
  }),
} as const;

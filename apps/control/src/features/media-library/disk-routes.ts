import { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Database } from "@trax/foundation/database";
import { ApiError, invalidRequest, notFound } from "../../kernel/errors.ts";
import { FileAnswer, openFile } from "../../kernel/file-answer.ts";
import { allowLongBody } from "../../kernel/long-body.ts";
import type { PlainRoutes } from "../../kernel/plain-routes.ts";
import { diskPath, permissionTo } from "./disk-storage.ts";
import type { DiskUploads, Piece } from "./disk-uploads.ts";
import type { DownloadLimit } from "./download-limit.ts";
import type { PathSigner, SignedQuery } from "./signed-path.ts";
import { findSignedUpload } from "./sql.ts";
import type { AssetRow } from "./sql.ts";
import { settled, uploadOf } from "./uploads.ts";

type OfAsset = { Params: { assetId: string }; Querystring: SignedQuery };
type OfFile = { Params: { assetId: string; file: string }; Querystring: SignedQuery & Record<string, unknown> };

/**
 * Where bytes go to and come from when the library is on a disk: signed URLs
 * that take a PUT of just what was told, once, and give a file with ranges.
 */
export function diskRoutes(options: {
  readonly root: string;
  readonly database: Database;
  readonly uploads: DiskUploads;
  readonly signer: PathSigner;
  readonly limit: DownloadLimit;
}): PlainRoutes {
  const { root, database, uploads, signer, limit } = options;

  /** The upload that the URL is for; refused where the asset is gone, or has its bytes. */
  const asked = async (request: FastifyRequest<OfAsset>): Promise<AssetRow> => {
    const { assetId } = request.params;
    if (!signer.isSigned(permissionTo.upload(assetId), request.query)) throw new ApiError("signed_url_refused");
    const row = await findSignedUpload(database, assetId);
    if (row === undefined) throw notFound("asset");
    return row;
  };

  const take = async (request: FastifyRequest<OfAsset>, reply: FastifyReply): Promise<void> => {
    const row = await asked(request);
    if (row.status !== "awaiting_upload") throw new ApiError("upload_finished");
    // All of it came before, and whoever took it was killed before that was written.
    if (await uploads.isThere(uploadOf(row))) {
      await settled(database, row);
      throw new ApiError("upload_finished");
    }
    const piece = pieceIn(request, row);
    const { body } = request;
    if (!(body instanceof Readable)) throw invalidRequest("The body is missing.");
    const done = allowLongBody(request.raw.socket);
    try {
      const received = await uploads.receive(uploadOf(row), body, piece);
      reply.header("upload-offset", String(received));
      if (received < row.sizeBytes) {
        await reply.code(202).send();
        return;
      }
      await settled(database, row);
      await reply.code(200).send();
    } finally {
      done();
    }
  };

  const tell = async (request: FastifyRequest<OfAsset>, reply: FastifyReply): Promise<void> => {
    const row = await asked(request);
    const received = row.status === "awaiting_upload" ? await uploads.received(uploadOf(row)) : row.sizeBytes;
    reply.headers({ "upload-offset": String(received), "upload-length": String(row.sizeBytes) });
    await reply.code(204).send();
  };

  const give = async (request: FastifyRequest<OfFile>, reply: FastifyReply): Promise<Readable> => {
    const { assetId, file } = request.params;
    const { type, name = null } = request.query;
    const key = `assets/${assetId}/${file}`;
    const isNamed = typeof type === "string" && (name === null || typeof name === "string");
    if (!isNamed || !signer.isSigned(permissionTo.read(key, type, name), request.query)) {
      limit.countRefused(request, reply);
      throw new ApiError("signed_url_refused");
    }
    await limit.count(request, reply, assetId);
    reply.headers({
      "cache-control": "private, max-age=600",
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; sandbox",
    });
    return openFile(request, reply, new FileAnswer({ root, path: key, name, absent: notFound("file") }), type);
  };

  return (app) => {
    app.removeAllContentTypeParsers();
    // Of no length that is known here, so it is not limited here either.
    app.addContentTypeParser("*", (_request, body, done) => done(null, body));
    app.addHook("onRequest", (_request, reply, done) => {
      allowAnyOrigin(reply);
      done();
    });
    app.put<OfAsset>(`${diskPath}/:assetId/upload`, take);
    app.head<OfAsset>(`${diskPath}/:assetId/upload`, tell);
    app.get<OfFile>(`${diskPath}/:assetId/:file`, { config: { isLimitedElsewhere: true } }, give);
    for (const url of [`${diskPath}/:assetId/upload`, `${diskPath}/:assetId/:file`])
      app.options(url, async (_request, reply) => {
        await reply.code(204).send();
      });
  };
}

/** What of the file the body is, by its headers; refused where that is not what was told when the upload was begun. */
function pieceIn(request: FastifyRequest, { contentType, sizeBytes }: AssetRow): Piece {
  const { headers } = request;
  if (headers["content-type"]?.toLowerCase() !== contentType)
    throw new ApiError("unsupported_media_type", `The upload is of ${contentType}.`);
  if (headers["content-encoding"] !== undefined) throw invalidRequest("The bytes are taken as they are, not encoded.");
  const given = headers["content-length"];
  if (given === undefined) throw invalidRequest("The upload needs a Content-Length.");
  const length = Number(given);
  const range = headers["content-range"];
  if (range === undefined) {
    if (length !== sizeBytes) throw invalidRequest(`The upload is of ${sizeBytes} bytes, the body of ${length}.`);
    return { offset: 0, length };
  }
  const [, first, last, whole] = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(range) ?? [];
  const offset = Number(first);
  if (Number(whole) !== sizeBytes || Number(last) >= sizeBytes || Number(last) - offset + 1 !== length)
    throw invalidRequest("Content-Range must be `bytes <first>-<last>/<all>` and fit the upload and the body.");
  return { offset, length };
}

function allowAnyOrigin(reply: FastifyReply): void {
  reply.headers({
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD, OPTIONS, PUT",
    "access-control-allow-headers": "Content-Range, Content-Type, Range, X-Request-Id",
    "access-control-expose-headers": "Content-Range, ETag, Retry-After, Upload-Length, Upload-Offset, X-Request-Id",
    "access-control-max-age": "86400",
    // Pictures are shown by pages of any origin.
    "cross-origin-resource-policy": "cross-origin",
  });
}

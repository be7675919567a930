import type { Readable } from "node:stream";
import { send } from "@fastify/send";
import type { FastifyReply, FastifyRequest } from "fastify";
import { attachmentOf } from "./content-disposition.ts";
import { ApiError } from "./errors.ts";

/** What a handler answers with when its answer is a file: the kernel streams it, or the part of it that `Range` asks for. */
export class FileAnswer {
  readonly root: string;
  readonly path: string;
  readonly name: string | null;
  readonly absent: ApiError;

  /**
   * @param path below `root`, with nothing in it that a URL would escape
   * @param name what it is saved as; null: it is shown where it is asked for, as pictures are
   * @param absent what is told where there is no such file
   */
  constructor(file: {
    readonly root: string;
    readonly path: string;
    readonly name: string | null;
    readonly absent: ApiError;
  }) {
    this.root = file.root;
    this.path = file.path;
    this.name = file.name;
    this.absent = file.absent;
  }
}

/**
 * Puts status and headers on the reply, and answers what of the file is to be sent (RFC 9110: ranges, `ETag`,
 * conditional requests). Refuses where it is not there or the range is beyond it.
 */
export async function openFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: FileAnswer,
  contentType: string,
): Promise<Readable> {
  const { root } = file;
  const found = await send(request.raw, file.path, { root, cacheControl: false, extensions: false, index: false });
  const { statusCode, headers } = found;
  if (statusCode === 416) {
    const length = headers["Content-Range"];
    throw new ApiError(
      "range_not_satisfiable",
      undefined,
      length === undefined ? {} : { headers: { "content-range": length } },
    );
  }
  if (found.type === "file") {
    reply.code(statusCode).headers(headers);
    // A 304 has no body to say anything of.
    if (statusCode !== 304) {
      reply.header("content-type", contentType);
      if (file.name !== null) reply.header("content-disposition", attachmentOf(file.name));
    }
    return found.stream;
  }
  found.stream.destroy();
  if (found.type === "error" && statusCode !== 404) throw found.metadata.error;
  throw file.absent;
}

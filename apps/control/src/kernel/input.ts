import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { ApiError, invalidRequest, notFound } from "./errors.ts";
import type { ErrorDetail } from "./errors.ts";
import type { Route } from "./route.ts";

/** What a request asks, parsed by the schemas of its operation. */
export type Input = { readonly params: object; readonly query: object; readonly body: object };

const nothing: object = Object.freeze({});
const mostDetails = 20;

/** Throws 400 for a body or query of the wrong shape, 404 for a path parameter that cannot be an id of its kind. */
export function readInput(route: Route, request: FastifyRequest): Input {
  const { operation } = route;
  const body = operation.method === "GET" ? nothing : readBody(route, request.body);
  const query = readQuery(route, request);
  if (operation.params === null) return { params: nothing, query, body };
  const params = operation.params.safeParse(request.params);
  if (!params.success) throw notFound();
  return { params: params.data, query, body };
}

function readQuery(route: Route, request: FastifyRequest): object {
  if (route.query === null) return nothing;
  const given = request.raw.url?.includes("?") === true ? request.query : nothing;
  if (given === nothing && route.operation.query === null) return nothing;
  const strings = Object.entries(given ?? {});
  const odd: ErrorDetail[] = strings.flatMap(([name, value]: [string, unknown]) => {
    if (Array.isArray(value)) return [{ path: `query.${name}`, message: "is given more than once" }];
    return isCleanText(name) && (typeof value !== "string" || isCleanText(value))
      ? []
      : [{ path: "query", message: "has a NUL or malformed Unicode" }];
  });
  if (odd.length > 0) throw invalidRequest("The query is not valid.", odd.slice(0, mostDetails));
  return parse(route.query, given, "query");
}

function readBody(route: Route, body: unknown): object {
  const { operation } = route;
  if (operation.body === null) {
    if (body === undefined || isEmptyObject(body)) return nothing;
    throw invalidRequest("This operation takes no body.");
  }
  if (body === undefined && operation.bodyOptional !== true)
    throw invalidRequest("This needs a JSON body.", [{ path: "body", message: "is missing" }]);
  return parse(operation.body, body === undefined ? {} : body, "body");
}

function isEmptyObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function parse(schema: z.ZodObject, value: unknown, where: "query" | "body"): object {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const details = result.error.issues.flatMap((issue): ErrorDetail[] => {
    const path = [where, ...issue.path].join(".");
    if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
    return issue.keys.map((key) => ({
      path: `${path}.${key.slice(0, 100).toWellFormed()}`,
      message: "is not a field here",
    }));
  });
  throw invalidRequest(`The ${where} is not valid.`, details.slice(0, mostDetails));
}

/** JSON alone is taken: UTF-8, without NUL or lone surrogates in any name or text. */
export function acceptJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("application/json", { parseAs: "buffer" }, (request, bytes, done) => {
    try {
      done(null, parseJson(request.headers["content-type"] ?? "", Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes)));
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)));
    }
  });
}

function parseJson(contentType: string, bytes: Buffer): unknown {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1];
  if (charset !== undefined && !/^utf-?8$/i.test(charset))
    throw new ApiError("unsupported_media_type", "JSON is UTF-8.");
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw invalidRequest("The body is not valid UTF-8.");
  const text = bytes.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalidRequest("The body is not valid JSON.");
  }
  // Neither can be written in JSON of valid UTF-8 without an escape.
  if (text.includes("\\u") && !isClean(value))
    throw invalidRequest("The body has a NUL or a lone surrogate in a text.");
  return value;
}

/** Not recursive: a body may be nested as deep as it is long. */
function isClean(root: unknown): boolean {
  const left: unknown[] = [root];
  while (left.length > 0) {
    const value = left.pop();
    if (typeof value === "string" && !isCleanText(value)) return false;
    if (typeof value === "object" && value !== null) {
      if (!Object.keys(value).every(isCleanText)) return false;
      for (const child of Object.values(value)) left.push(child);
    }
  }
  return true;
}

function isCleanText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

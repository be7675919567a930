import { z } from "zod";
import { ErrorEnvelope, errorCatalogue } from "./error.ts";
import type { ErrorCode } from "./error.ts";
import type { Operation } from "./operation.ts";
import { operations } from "./operations.ts";
import { operationExamples } from "./examples.ts";

/**
 * The OpenAPI 3.0.3 document, made from the operations. Pure and stable: the
 * same contract gives the same bytes, so the committed file can be checked.
 */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

const componentPath = "#/components/schemas/";

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A reference stands alone in OpenAPI 3.0; only a nullable one needs the `allOf` that Zod wraps it in. */
function withBareReferences(value: Json): Json {
  if (Array.isArray(value)) return value.map(withBareReferences);
  if (!isObject(value)) return value;
  const parts = value["allOf"];
  if (Array.isArray(parts) && parts.length === 1 && value["nullable"] === undefined)
    return withBareReferences(parts[0]);
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withBareReferences(part)]));
}

/** Whether a schema is an enum below what wraps it: nullable, optional, with a default. */
function isEnum(schema: unknown): boolean {
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return isEnum(schema.unwrap());
  return schema instanceof z.ZodEnum;
}

/** A schema that Zod wrote, as JSON; named parts become references. */
function schemaOf(schema: z.ZodType, io: "input" | "output", components: Map<string, Json>): Json {
  const written = z.toJSONSchema(schema, {
    target: "openapi-3.0",
    io,
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      // Clients must accept additions: only what is sent in is closed.
      if (io === "output" && zodSchema._zod.def.type === "object") delete jsonSchema.additionalProperties;
      if (jsonSchema.format === "date-time") delete jsonSchema.pattern;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.nullable === true && jsonSchema.allOf !== undefined)
        jsonSchema.type = isEnum(zodSchema) ? "string" : "object";
      if (Array.isArray(jsonSchema["examples"])) {
        jsonSchema.example = jsonSchema["examples"][0];
        delete jsonSchema["examples"];
      }
    },
  });
  const {
    definitions,
    $schema: _,
    ...root
  }: JsonObject = JSON.parse(JSON.stringify(written).replaceAll("#/definitions/", componentPath));
  if (isObject(definitions)) {
    for (const [name, body] of Object.entries(definitions)) {
      const known = components.get(name);
      if (known !== undefined && JSON.stringify(known) !== JSON.stringify(withBareReferences(body))) {
        throw new Error(`the schema ${name} is not the same coming in and going out: keep them apart`);
      }
      components.set(name, withBareReferences(body));
    }
  }
  return withBareReferences(root);
}

function parameters(op: Operation, components: Map<string, Json>): Json[] {
  const of = (object: z.ZodObject | null, place: "path" | "query"): Json[] =>
    Object.entries(object?.shape ?? {}).map(([name, field]) => {
      const written = schemaOf(
        z.object({ field: field instanceof z.ZodType ? field : z.never() }),
        "input",
        components,
      );
      const body = isObject(written) && isObject(written["properties"]) ? (written["properties"]["field"] ?? {}) : {};
      const { description, ...schema } = isObject(body) ? body : {};
      return {
        name,
        in: place,
        required: place === "path",
        ...(description === undefined ? {} : { description }),
        schema,
      };
    });
  return [...of(op.params, "path"), ...of(op.query, "query")];
}

/** Every error an operation may answer, from what it is and what it says. */
export function errorsOf(op: Operation): readonly ErrorCode[] {
  const codes: ErrorCode[] = ["invalid_request"];
  if (op.paginated === true) codes.push("invalid_cursor");
  codes.push("unauthenticated", "ip_not_allowed", "not_found", "method_not_allowed");
  if (op.scope !== null) codes.push("insufficient_scope");
  if (op.body !== null) codes.push("payload_too_large", "unsupported_media_type");
  if (op.method === "POST") codes.push("idempotency_in_progress", "idempotency_mismatch");
  codes.push("rate_limited", "internal_error", "unavailable");
  if (op.write) codes.push("write_disabled");
  return [...new Set([...codes, ...op.errors])];
}

const rateLimitHeaders: JsonObject = {
  "X-Request-Id": { $ref: "#/components/headers/RequestId" },
  RateLimit: { $ref: "#/components/headers/RateLimit" },
  "RateLimit-Policy": { $ref: "#/components/headers/RateLimitPolicy" },
};

/** What is no JSON has no schema of its own. */
const rawSchemas: Readonly<Record<string, Json>> = {
  "text/event-stream": { type: "string" },
  "image/jpeg": { type: "string", format: "binary" },
  "video/mp4": { type: "string", format: "binary" },
};

function responses(op: Operation, example: Json | undefined, components: Map<string, Json>): JsonObject {
  const answer: Record<string, Json> = { description: op.summary, headers: rateLimitHeaders };
  if (op.response !== null) {
    const contentType = op.contentType ?? "application/json";
    const schema = rawSchemas[contentType] ?? schemaOf(op.response, "output", components);
    answer["content"] = { [contentType]: { schema, ...(example === undefined ? {} : { example }) } };
  }
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(op)) {
    const { status } = errorCatalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const failures = [...byStatus]
    .sort(([a], [b]) => a - b)
    .map(([status, codes]): [string, Json] => [
      String(status),
      {
        description: codes.map((code) => `\`${code}\`: ${errorCatalogue[code].about}`).join("\n\n"),
        headers: {
          "X-Request-Id": { $ref: "#/components/headers/RequestId" },
          ...(status === 401 ? { "WWW-Authenticate": { $ref: "#/components/headers/WwwAuthenticate" } } : {}),
          ...(status === 429 || status === 503 ? { "Retry-After": { $ref: "#/components/headers/RetryAfter" } } : {}),
        },
        content: {
          "application/json": {
            schema: schemaOf(ErrorEnvelope, "output", components),
            example: {
              error: {
                code: codes[0] ?? "internal_error",
                message: errorCatalogue[codes[0] ?? "internal_error"].about,
                requestId: "req_01k9zv4q8f",
              },
            },
          },
        },
      },
    ]);
  // Files are given in parts, too.
  const part =
    op.contentType === "video/mp4" ? { "206": { ...answer, description: "The part that `Range` asks for." } } : {};
  return { [String(op.status)]: answer, ...part, ...Object.fromEntries(failures) };
}

function describe(op: Operation): string {
  const scope =
    op.scope === null
      ? null
      : typeof op.scope === "string"
        ? `Scope: \`${op.scope}\`.`
        : `Scope: one of ${op.scope.map((one) => `\`${one}\``).join(", ")}.`;
  const needs = op.auth === "public" ? "No credential needed." : (scope ?? "Any credential.");
  const gate = op.write ? " Answers `write_disabled` while the operator has writes off." : "";
  return `${op.description === undefined ? "" : `${op.description}\n\n`}${needs}${gate}`;
}

const idempotencyParameter = { $ref: "#/components/parameters/IdempotencyKey" };

function operationObject(operationId: string, op: Operation, components: Map<string, Json>): JsonObject {
  const examples = operationExamples[operationId];
  const given = parameters(op, components);
  const scope = op.scope === null ? [] : typeof op.scope === "string" ? [op.scope] : op.scope;
  return {
    operationId,
    tags: [op.tag],
    summary: op.summary,
    description: describe(op),
    security: op.auth === "public" ? [] : [{ bearerAuth: [] }, { apiKeyHeader: [] }],
    ...(scope.length === 0 ? {} : { "x-required-scope": scope.length === 1 ? (scope[0] ?? "") : scope }),
    parameters: op.method === "POST" ? [...given, idempotencyParameter] : given,
    ...(op.body === null
      ? {}
      : {
          requestBody: {
            required: op.bodyOptional !== true,
            content: {
              "application/json": {
                schema: schemaOf(op.body, "input", components),
                ...(examples?.request === undefined ? {} : { example: examples.request }),
              },
            },
          },
        }),
    responses: responses(op, examples?.response, components),
  };
}

const header = (description: string, type: "string" | "integer"): Json => ({ description, schema: { type } });

/** The document served at `GET /v1/openapi.json` and committed as `contract/openapi.json`. */
export function openApiDocument(): JsonObject {
  const components = new Map<string, Json>();
  const paths: Record<string, Record<string, Json>> = {};
  const tags = new Set<string>();
  for (const [operationId, op] of Object.entries<Operation>(operations)) {
    tags.add(op.tag);
    paths[op.path] = { ...paths[op.path], [op.method.toLowerCase()]: operationObject(operationId, op, components) };
  }
  return {
    openapi: "3.0.3",
    info: {
      title: "TRaX",
      version: "1.0.0",
      description:
        "Live sources in, one program made of them, out to many platforms at once. Additive within v1: ignore fields and enum values you do not know.",
      license: { name: "GPL-3.0-or-later", url: "https://www.gnu.org/licenses/gpl-3.0.html" },
    },
    servers: [{ url: "/", description: "Where this document is served" }],
    tags: [...tags].map((name) => ({ name, description: tagDescriptions[name] ?? name })),
    paths,
    components: {
      securitySchemes: {
        bearerAuth: { type: "http", scheme: "bearer", description: "An API key (`sk_live_…`)." },
        apiKeyHeader: {
          type: "apiKey",
          in: "header",
          name: "X-Api-Key",
          description: "The same key, for clients that cannot set Authorization.",
        },
      },
      parameters: {
        IdempotencyKey: {
          name: "Idempotency-Key",
          in: "header",
          required: false,
          description:
            "Makes a retry safe: the first answer is kept 24 hours and replayed with `Idempotent-Replayed: true`.",
          schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
        },
      },
      headers: {
        RequestId: header(
          "Quote it when something is wrong; taken from the request when it sends a sane one.",
          "string",
        ),
        RateLimit: header('What is left, as in `"default";r=599;t=60`.', "string"),
        RateLimitPolicy: header('The limit, as in `"default";q=600;w=60`.', "string"),
        RetryAfter: header("Whole seconds to wait.", "integer"),
        WwwAuthenticate: header("`Bearer`, with what was wrong.", "string"),
      },
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

const tagDescriptions: Readonly<Record<string, string>> = {
  Platform: "The service itself, and who is asking.",
  Studios: "A studio makes one show.",
  Sources: "What a studio takes in.",
  "Media sessions": "Leave to publish or to watch, by token.",
  Connections: "Accounts on platforms that are linked.",
  Destinations: "Where the program is sent.",
  Scenes: "What a program can show.",
  Program: "What of the scenes is on air, and what is above them.",
  Stream: "Going live, and the truth about it.",
  "Media library": "Clips, images, music and recordings.",
  Events: "What changed, as it changes.",
};

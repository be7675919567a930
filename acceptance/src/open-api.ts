import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import type { ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { at, isObject } from "./json.ts";
import type { Answer, Ask } from "./exchange.ts";

/** The public contract as everybody reads it; a test makes sure that the instance serves the same. */
export const openApi: unknown = JSON.parse(
  readFileSync(new URL("../../contract/openapi.json", import.meta.url), "utf8"),
);

// OpenAPI 3.0's schemas are nearly JSON Schema's: what is added describes, and does not constrain.
const ajv = new Ajv({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema({ $id: "openapi", ...asObject(withNulls(openApi)) });

/** `nullable` beside a reference, as everybody reads it: that, or null. */
function withNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNulls);
  if (!isObject(value)) return value;
  const { nullable, ...rest } = value;
  const inner = Object.fromEntries(Object.entries(rest).map(([name, child]) => [name, withNulls(child)]));
  return nullable === true ? { anyOf: [inner, { type: "null" }] } : inner;
}

type Entry = { readonly template: RegExp; readonly method: string; readonly pointer: string };

const entries: readonly Entry[] = Object.entries(asObject(at(openApi, "paths"))).flatMap(([path, methods]) =>
  Object.keys(asObject(methods)).map((method) => ({
    template: new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
    method: method.toUpperCase(),
    pointer: `openapi#/paths/${path.replaceAll("/", "~1").replaceAll("{", "%7B").replaceAll("}", "%7D")}/${method}`,
  })),
);

const validators = new Map<string, ValidateFunction | null>();

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {};
}

/** How a successful answer breaks the schema that the document gives it; empty where it keeps to it. */
export function brokenSchemaOf(ask: Ask, answer: Answer): readonly string[] {
  const path = ask.path.split("?")[0] ?? "";
  const entry = entries.find(({ method, template }) => method === ask.method && template.test(path));
  if (entry === undefined || answer.json === undefined) return [];
  const validate = validatorOf(`${entry.pointer}/responses/${answer.status}/content/application~1json/schema`);
  if (validate === null) return [`the document has no ${answer.status} for it`];
  if (validate(answer.json)) return [];
  return (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
}

function validatorOf(pointer: string): ValidateFunction | null {
  const known = validators.get(pointer);
  if (known !== undefined) return known;
  const made = ajv.getSchema(pointer) ?? null;
  validators.set(pointer, made);
  return made;
}

/** The schema of an operation's body with its references followed; null where it takes none. */
export function bodySchemaOf(method: string, path: string): unknown {
  return (
    followed(
      at(openApi, "paths", path, method.toLowerCase(), "requestBody", "content", "application/json", "schema"),
    ) ?? null
  );
}

/** The example of an operation's body; undefined where the document has none. */
export function bodyExampleOf(method: string, path: string): unknown {
  return at(openApi, "paths", path, method.toLowerCase(), "requestBody", "content", "application/json", "example");
}

/** A schema, or what it refers to. */
export function followed(schema: unknown): unknown {
  const reference = at(schema, "$ref") ?? at(schema, "allOf", 0, "$ref");
  if (typeof reference !== "string") return schema;
  return at(openApi, ...reference.replace("#/", "").split("/"));
}

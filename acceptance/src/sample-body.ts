import { newEmail, newPassword } from "./account.ts";
import type { JsonObject } from "./json.ts";
import { at, isObject } from "./json.ts";
import { bodyExampleOf, bodySchemaOf, followed } from "./open-api.ts";
import type { ListedOperation, OperationName } from "./operation-list.ts";
import { closedAddress } from "./world.ts";
import type { World } from "./world.ts";

/** The account pages are not in the public document: their bodies, by hand. */
const accountBodies: Partial<Record<OperationName, (world: World) => JsonObject>> = {
  signUp: () => ({ email: newEmail(), password: newPassword(), name: "Ada" }),
  signIn: ({ account }) => ({ email: account.email, password: account.password }),
  createKey: () => ({
    name: "deck",
    scopes: ["studios:read"],
    expiresInSeconds: 3600,
    allowedNetworks: ["127.0.0.0/8"],
  }),
  rotateKey: () => ({ overlapSeconds: 60 }),
};

const collectionOfPrefix: Readonly<Record<string, string>> = { std: "studios", src: "sources", dst: "destinations" };

/** A body that the operation takes, with every field there is, its ids being the world's. */
export async function sampleBody(operation: ListedOperation, world: World): Promise<JsonObject> {
  const byHand = accountBodies[operation.name];
  if (byHand !== undefined) return byHand(world);
  const schema = bodySchemaOf(operation.method, operation.path);
  if (schema === null) throw new Error(`no body is known for ${operation.name}: acceptance/src/sample-body.ts`);
  const full = asObject(await valueOf("", schema, world));
  const example = await withIds(asObject(bodyExampleOf(operation.method, operation.path)), world);
  const body = { ...full, ...example, ...overrides(full) };
  // A studio that is only being made has no source yet.
  return operation.name === "createStudio" ? replaced(body, ["program", "sourceId"], null) : body;
}

/** Examples name servers of others; suites send nothing to those. */
function overrides(full: unknown): JsonObject {
  return {
    ...(at(full, "url") === undefined ? {} : { url: closedAddress }),
    ...(at(full, "allowNoDestinations") === undefined ? {} : { allowNoDestinations: true }),
  };
}

function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

async function valueOf(name: string, schema: unknown, world: World): Promise<unknown> {
  const { type, example, pattern, minimum, properties, enum: choices } = asObject(followed(schema));
  if (type === "object") {
    const entries = Object.entries(asObject(properties));
    const values: [string, unknown][] = [];
    for (const [child, childSchema] of entries) values.push([child, await valueOf(child, childSchema, world)]);
    return Object.fromEntries(values);
  }
  const prefix = /^\^(\w{3})_\[/.exec(String(pattern))?.[1];
  if (prefix !== undefined) return world.idOf(collectionOfPrefix[prefix] ?? prefix);
  if (example !== undefined) return example;
  if (Array.isArray(choices)) return choices[0];
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return typeof minimum === "number" ? minimum : 1;
  if (type === "array") return [];
  return `a ${name}`;
}

/** The same value, ids replaced by the world's of the same kind. */
async function withIds(value: JsonObject, world: World): Promise<JsonObject> {
  const entries: [string, unknown][] = [];
  for (const [name, child] of Object.entries(value)) {
    const prefix = typeof child === "string" ? /^([a-z]{3})_[0-9a-z]{26}$/.exec(child)?.[1] : undefined;
    if (prefix !== undefined) entries.push([name, await world.idOf(collectionOfPrefix[prefix] ?? prefix)]);
    else entries.push([name, isObject(child) ? await withIds(child, world) : child]);
  }
  return Object.fromEntries(entries);
}

/** Every field of a body, nested ones too, as the path to it and its value. */
export function fieldsOf(
  body: JsonObject,
  above: readonly string[] = [],
): { path: readonly string[]; value: unknown }[] {
  return Object.entries(body).flatMap(([name, value]) => {
    const path = [...above, name];
    return isObject(value) ? [{ path, value }, ...fieldsOf(value, path)] : [{ path, value }];
  });
}

/** The body with the field at a path replaced. */
export function replaced(body: JsonObject, path: readonly string[], value: unknown): JsonObject {
  const [name = "", ...rest] = path;
  const child = body[name];
  return { ...body, [name]: rest.length === 0 ? value : replaced(isObject(child) ? child : {}, rest, value) };
}

import { newEmail, newPassword } from "./account.ts";
import type { JsonObject } from "./json.ts";
import { at, isObject } from "./json.ts";
import { bodyExampleOf, bodySchemaOf, followed } from "./open-api.ts";
import type { ListedOperation, OperationName } from "./operation-list.ts";
import { ircBody } from "./platforms.ts";
import { closedAddress } from "./world.ts";
import type { World } from "./world.ts";

/** The account pages are not in the public document, and what depends on a server of others is not to be made up: by hand. */
const accountBodies: Partial<Record<OperationName, (world: World) => JsonObject>> = {
  signUp: () => ({ email: newEmail(), password: newPassword(), name: "Ada" }),
  signIn: ({ account }) => ({ email: account.email, password: account.password }),
  createKey: () => ({
    name: "deck",
    scopes: ["studios:read"],
    expiresInSeconds: 3600,
    allowedNetworks: ["127.0.0.0/8"],
  }),
  // What IRC takes, and nothing of what is other platforms'.
  createConnection: () => ircBody(),
  rotateKey: () => ({ overlapSeconds: 60 }),
};

const collectionOfPrefix: Readonly<Record<string, string>> = {
  std: "studios",
  src: "sources",
  dst: "destinations",
  scn: "scenes",
  cnx: "connections",
  msg: "messages",
  ast: "media",
};

/** A body that the operation takes, with every field there is, its ids being the world's. */
export async function sampleBody(operation: ListedOperation, world: World): Promise<JsonObject> {
  const byHand = accountBodies[operation.name];
  if (byHand !== undefined) return byHand(world);
  const schema = bodySchemaOf(operation.method, operation.path);
  if (schema === null) throw new Error(`no body is known for ${operation.name}: acceptance/src/sample-body.ts`);
  const full = asObject(await valueOf("", schema, world));
  const example = await withIds(asObject(bodyExampleOf(operation.method, operation.path)), world);
  const body = { ...full, ...example, ...overrides(full) };
  // A source that is published to has no address, and plays nothing.
  if (operation.name === "createSource" || operation.name === "updateSource")
    return ["url", "playlist", "assetId"].reduce((left, name) => replaced(left, [name], undefined), body);
  // It is of an address or of a connection.
  if (operation.name === "createDestination" || operation.name === "updateDestination")
    return replaced(body, ["connectionId"], undefined);
  // A studio that is only being made has no source yet.
  if (operation.name === "createStudio") return replaced(body, ["program", "sourceId"], null);
  // What is published has no preview.
  return operation.name === "createMediaSession" ? replaced(body, ["preview"], false) : body;
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
  for (const [name, child] of Object.entries(value)) entries.push([name, await withId(child, world)]);
  return Object.fromEntries(entries);
}

async function withId(value: unknown, world: World): Promise<unknown> {
  if (isObject(value)) return withIds(value, world);
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(await withId(item, world));
    return items;
  }
  const prefix = typeof value === "string" ? /^([a-z]{3})_[0-9a-z]{26}$/.exec(value)?.[1] : undefined;
  return prefix === undefined ? value : world.idOf(collectionOfPrefix[prefix] ?? prefix);
}

/** Every field of a body, nested ones and the items of lists too, as the path to it and its value. */
export function fieldsOf(body: object, above: readonly string[] = []): { path: readonly string[]; value: unknown }[] {
  return Object.entries(body).flatMap(([name, value]: [string, unknown]) => {
    const path = [...above, name];
    const isNested = isObject(value) || Array.isArray(value);
    return isNested ? [{ path, value }, ...fieldsOf(value, path)] : [{ path, value }];
  });
}

/** The body with the field at a path replaced. */
export function replaced(body: JsonObject, path: readonly string[], value: unknown): JsonObject {
  const [name = "", ...rest] = path;
  return { ...body, [name]: replacedIn(body[name], rest, value) };
}

function replacedIn(old: unknown, path: readonly string[], value: unknown): unknown {
  const [index = "", ...rest] = path;
  if (path.length === 0) return value;
  if (Array.isArray(old))
    return old.map((item: unknown, place) => (String(place) === index ? replacedIn(item, rest, value) : item));
  return replaced(isObject(old) ? old : {}, path, value);
}

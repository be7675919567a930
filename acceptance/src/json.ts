import assert from "node:assert/strict";

/** What an answer holds is unknown until it was looked at: these look, and fail the test where it is not there. */

export type JsonObject = { readonly [name: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value at a path of names and indexes; undefined where there is none. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  let found = value;
  for (const step of path) {
    if (Array.isArray(found) && typeof step === "number") found = found.at(step);
    else found = isObject(found) ? found[String(step)] : undefined;
  }
  return found;
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path);
  assert.equal(typeof found, "string", `no text at ${path.join(".")} of ${JSON.stringify(value)?.slice(0, 500)}`);
  return String(found);
}

export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path);
  assert.ok(Array.isArray(found), `no list at ${path.join(".")} of ${JSON.stringify(value)?.slice(0, 500)}`);
  return found;
}

export function objectAt(value: unknown, ...path: readonly (string | number)[]): JsonObject {
  const found = at(value, ...path);
  assert.ok(isObject(found), `no object at ${path.join(".")} of ${JSON.stringify(value)?.slice(0, 500)}`);
  return found;
}

const segment = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** Throws for what is no key: keys become paths, and names that users give must never be part of one. */
export function checkKey(key: string): void {
  const parts = (key.endsWith("/") ? key.slice(0, -1) : key).split("/");
  if (!parts.every((part) => segment.test(part))) throw new Error(`not a key of an object: ${JSON.stringify(key)}`);
}

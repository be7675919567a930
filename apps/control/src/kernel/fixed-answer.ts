const texts = new WeakMap<object, string>();

/**
 * Marks an answer that will never change, so that it is turned into JSON once
 * however often it is given. The value must not be changed afterwards.
 */
export function fixed<Value extends object>(value: Value): Value {
  texts.set(value, JSON.stringify(value));
  return value;
}

/** One page of a list whose items are `fixed`: its JSON is put together of theirs. */
export function fixedPage<Item extends object>(
  data: Item[],
  nextCursor: string | null,
): { data: Item[]; nextCursor: string | null } {
  const page = { data, nextCursor };
  texts.set(page, `{"data":[${data.map(jsonOf).join(",")}],"nextCursor":${JSON.stringify(nextCursor)}}`);
  return page;
}

/** The JSON of an answer. */
export function jsonOf(value: unknown): string {
  return (typeof value === "object" && value !== null ? texts.get(value) : undefined) ?? JSON.stringify(value);
}

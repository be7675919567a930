const texts = new WeakMap<object, string>();

/**
 * Marks an answer that will never change, so that it is turned into JSON once
 * however often it is given. The value must not be changed afterwards.
 */
export function fixed<Value extends object>(value: Value): Value {
  texts.set(value, JSON.stringify(value));
  return value;
}

/** The JSON of an answer. */
export function jsonOf(value: unknown): string {
  return (typeof value === "object" && value !== null ? texts.get(value) : undefined) ?? JSON.stringify(value);
}

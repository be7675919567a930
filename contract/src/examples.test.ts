import assert from "node:assert/strict";
import { test } from "node:test";
import { operationExamples } from "./examples.ts";
import type { Operation } from "./operation.ts";
import { operations } from "./operations.ts";

/** What is no JSON has no example. */
const raw: ReadonlySet<Operation["contentType"]> = new Set(["text/event-stream", "image/jpeg", "video/mp4"]);

for (const [name, op] of Object.entries<Operation>(operations)) {
  const examples = operationExamples[name];
  if (op.body !== null) {
    test(`${name}: the example of its request is one it takes`, () => {
      op.body?.parse(examples?.request);
    });
  }
  if (op.response !== null && !raw.has(op.contentType)) {
    test(`${name}: the example of its answer is one it gives`, () => {
      op.response?.parse(examples?.response);
    });
  }
}

test("no example is left over from an operation that is gone", () => {
  const known = new Set(Object.keys(operations));
  assert.deepEqual(
    Object.keys(operationExamples).filter((name) => !known.has(name)),
    [],
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { isOwnOrigin } from "./origin.ts";

const cases: readonly [boolean, Record<string, string>][] = [
  [true, {}],
  [true, { "sec-fetch-site": "same-origin" }],
  [true, { "sec-fetch-site": "none" }],
  [false, { "sec-fetch-site": "cross-site" }],
  [false, { "sec-fetch-site": "same-site" }],
  [true, { origin: "http://trax.test:8080" }],
  [true, { origin: "https://studio.example" }],
  [true, { origin: "https://studio.example", "sec-fetch-site": "cross-site" }],
  [false, { origin: "http://studio.example" }],
  [false, { origin: "https://studio.example.evil.test" }],
  [false, { origin: "http://trax.test:8081" }],
  [false, { origin: "null" }],
  [false, { origin: "" }],
];

for (const [own, headers] of cases) {
  test(`${JSON.stringify(headers)} is ${own ? "our own" : "another's"}`, () => {
    assert.equal(isOwnOrigin({ host: "trax.test:8080", ...headers }, "https://studio.example"), own);
  });
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { mendFrameType } from "./frame-type.ts";

function mended(hex: string): string {
  const payload = Buffer.from(hex, "hex");
  mendFrameType(payload);
  return payload.toString("hex", 0, 1);
}

const hevc = Buffer.from("hvc1").toString("hex");
const av1 = Buffer.from("av01").toString("hex");

test("a frame type that is missing is taken from the frame", () => {
  assert.equal(mended(`80${hevc}01`), "90");
  assert.equal(mended(`83${hevc}000000024001000000022801`), "93");
  assert.equal(mended(`81${hevc}000000000000022601`), "91");
  assert.equal(mended(`83${hevc}000000020201`), "a3");
  assert.equal(mended(`81${av1}12000a0b00000042abbfc3700be001`), "91");
  assert.equal(mended(`81${av1}12003200`), "a1");
  assert.equal(mended(`81${hevc}`), "a1");
});

test("any other is left alone", () => {
  for (const first of ["17", "27", "93", "a1", "0f"]) assert.equal(mended(`${first}${hevc}000000022601`), first);
});

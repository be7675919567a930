import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryDirectory } from "../test-support/launch.ts";
import { LogFile } from "./log-file.ts";

test("a log starts anew with each run and when it grows too large, and the one before is kept", async (context) => {
  const path = join(await temporaryDirectory(context), "control.log");
  const first = new LogFile(path, 10);
  first.write("first run\n");
  first.close();

  const second = new LogFile(path, 10);
  assert.equal(await readFile(`${path}.1`, "utf8"), "first run\n");
  second.write("more than the limit\n");
  second.write("after it\n");
  second.close();
  assert.equal(await readFile(`${path}.1`, "utf8"), "more than the limit\n");
  assert.equal(await readFile(path, "utf8"), "after it\n");
});

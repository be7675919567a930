import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { temporaryDirectory } from "../test-support/launch.ts";
import { NoticeFilter } from "./notices.ts";
import { ProcessLog } from "./process-log.ts";
import type { Notice } from "./process-log.ts";

test("everything goes to the file, warnings and errors to the terminal, and the last lines are kept", async (context) => {
  const notices: Notice[] = [];
  const log = new ProcessLog(await temporaryDirectory(context), "control", {
    onLine: () => undefined,
    onNotice: (notice) => void notices.push(notice),
  });
  const stream = new PassThrough();
  log.follow(stream, null);
  const lines = [
    `{"level":"info","msg":"listening"}`,
    `{"level":"warn","msg":"slow","err":{"message":"2 s"}}`,
    `{"level":50,"msg":"lost"}`,
    "    at something (file.ts:1:1)",
    "2026-01-01 [1] PANIC:  could not write",
  ];
  stream.end(`${lines.join("\n")}\n`);
  await once(stream, "close");
  log.close();
  assert.equal(await readFile(log.path, "utf8"), `${lines.join("\n")}\n`);
  assert.deepEqual(
    notices.map(({ level, message }) => `${level} ${message}`),
    ["warn slow: 2 s", "error lost", "error 2026-01-01 [1] PANIC:  could not write"],
  );
  assert.deepEqual(log.lastLines.slice(0, 2), ["listening", "slow: 2 s"]);
});

test("what steers a terminal is not shown to one", async (context) => {
  const shown: string[] = [];
  const log = new ProcessLog(await temporaryDirectory(context), "media-agent", {
    onLine: (_name, line) => void shown.push(line),
    onNotice: ({ message }) => void shown.push(message),
  });
  const stream = new PassThrough();
  log.follow(stream, null);
  const lines = [JSON.stringify({ level: "warn", msg: "it says \u001b]0;x\u0007\tü" }), "raw \u001b[2J \u009b2J"];
  stream.end(`${lines.join("\n")}\n`);
  await once(stream, "close");
  log.close();
  shown.push(...log.lastLines);
  for (const text of shown) assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  assert.ok(shown.includes("it says \ufffd]0;x\ufffd\tü"), shown.join("\n"));
});

test("a notice that repeats is shown once in ten seconds", () => {
  let now = 0;
  const filter = new NoticeFilter(() => now);
  const notice: Notice = { process: "control", level: "warn", message: "again" };
  assert.equal(filter.shows(notice), true);
  assert.equal(filter.shows(notice), false);
  assert.equal(filter.shows({ ...notice, process: "postgres" }), true);
  now = 10_000;
  assert.equal(filter.shows(notice), true);
});

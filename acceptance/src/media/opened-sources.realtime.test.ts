import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { Source } from "@trax/contract";
import { startNginxRtmp, tempDirectory } from "@trax/peers";
import { countedArguments } from "@trax/peers/counted/publisher";
import { openComposedShow } from "./composed-show.ts";
import { readProgram } from "./counted-program.ts";
import { eventually } from "./eventually.ts";
import { atEnd, fileOwned } from "./owned.ts";
import { granted } from "./show.ts";

const nginx = fileOwned(() => startNginxRtmp());

test("a clip by URL is looped on air without a gap, told as it is, and gone with the program", async (context) => {
  const directory = await tempDirectory("clip");
  atEnd(context, directory.remove);
  const file = join(directory.path, "clip.mp4");
  await promisify(execFile)("ffmpeg", ["-loglevel", "error", ...countedArguments({ source: 6, seconds: 2 }), file]);
  const bytes = await readFile(file);
  const server = createServer((request, response) => {
    if (request.url === "/clip.mp4") response.end(bytes);
    else response.writeHead(404).end();
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  atEnd(context, async () => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");

  const live = await openComposedShow(context, await nginx());
  const { show } = live;
  const add = async (path: string): Promise<Source> => {
    const body = { name: "Clip", kind: "media", url: `http://127.0.0.1:${address.port}${path}` };
    return Source.parse(granted(await show.ask("POST", "/sources", body), 201));
  };
  const clip = await add("/clip.mp4");
  const none = await add("/none.mp4");
  assert.equal(clip.status, "offline", "nothing is opened while no program runs");
  await live.beginWith(await live.scene({ preset: "solo", slots: [{ sourceId: clip.id }] }));
  await live.goLive();
  await show.untilOnline(clip.id);
  const online = await show.source(clip.id);
  assert.deepEqual(
    [online.protocol, online.video?.codec, online.video?.width, online.audio?.codec, online.lastError],
    ["http", "h264", 320, "aac", null],
  );
  const missing = await eventually(
    "the other one fails",
    () => show.source(none.id),
    ({ status }) => status === "error",
  );
  assert.equal(missing.lastError?.code, "not_found");
  const since = Date.now();
  await eventually(
    "it has been on for two loops",
    async () => Date.now() - since,
    (elapsed) => elapsed > 5_000,
  );
  const frames = (await readProgram(await live.finish(), { isWhole: false })).map(
    ({ counted }) => counted?.frame ?? -1,
  );
  assert.ok(frames.length > 120, `${frames.length} frames`);
  // A busy machine may leave out or repeat one now and then; a loop does not.
  const follows = frames.filter((frame, index) => index > 0 && frame === ((frames[index - 1] ?? 0) + 1) % 60);
  assert.ok(follows.length >= 0.75 * (frames.length - 1), frames.join(" "));
  assert.ok(frames.filter((frame, index) => frame < (frames[index - 1] ?? 0)).length >= 2, frames.join(" "));
  const gone = await eventually(
    "it is offline with the program",
    () => show.source(clip.id),
    ({ status }) => status === "offline",
    30_000,
  );
  assert.deepEqual([gone.protocol, gone.video, gone.audio], [null, null, null]);
});

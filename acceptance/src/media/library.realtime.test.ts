import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { promisify } from "node:util";
import { Asset, AssetCreated, Source } from "@trax/contract";
import { startNginxRtmp, tempDirectory } from "@trax/peers";
import type { Account } from "../account.ts";
import { openComposedShow } from "./composed-show.ts";
import { eventually } from "./eventually.ts";
import { atEnd, fileOwned } from "./owned.ts";
import { granted } from "./show.ts";

const nginx = fileOwned(() => startNginxRtmp());
const run = promisify(execFile);

type Color = "red" | "lime" | "blue" | "yellow" | "magenta" | "black";

/** Where of the canvas something is looked for: fractions. */
const places = { logo: [0.88, 0.12], left: [0.1, 0.9], middle: [0.5, 0.5], right: [0.9, 0.9] } as const;

test("what is uploaded is shown: as a source, in layers, as logo and as slate; and what was shown comes back as a recording", async (context) => {
  const directory = await tempDirectory("library");
  atEnd(context, directory.remove);
  const made = async (name: string, ...args: readonly string[]): Promise<string> => {
    const path = join(directory.path, name);
    await run("ffmpeg", ["-v", "error", ...args.join(" ").split(" "), path]);
    return path;
  };
  const video = (color: Color) => `-f lavfi -i color=${color}:size=320x180:rate=30:duration=2`;
  const picture = (color: Color) => `-f lavfi -i color=${color}:size=64x32 -frames:v 1`;
  const tone = "-f lavfi -i sine=duration=2";
  const live = await openComposedShow(context, await nginx(), { recording: { enabled: true } });
  const { show } = live;
  const { account } = show;
  const [clip, layerClip, logo, image, slate, music] = await Promise.all([
    upload(account, await made("lime.mp4", video("lime"), tone, "-pix_fmt yuv420p"), "video/mp4"),
    upload(account, await made("magenta.webm", video("magenta"), "-c:v libvpx -deadline realtime"), "video/webm"),
    upload(account, await made("yellow.png", picture("yellow")), "image/png"),
    upload(account, await made("red.jpg", picture("red")), "image/jpeg"),
    upload(account, await made("blue.png", picture("blue")), "image/png"),
    upload(account, await made("tone.mp3", tone), "audio/mpeg"),
  ]);
  const add = async (assetId: string): Promise<Source> =>
    Source.parse(granted(await show.ask("POST", "/sources", { name: "Asset", kind: "media", assetId }), 201));
  const [source, sound, camera] = [await add(clip), await add(music), await show.addSource()];
  await show.setStudio({ slate: { assetId: slate } });
  const shown = await live.scene({
    layers: [
      { type: "source", sourceId: source.id, z: 0 },
      { type: "image", assetId: image, x: 0, y: 0.75, width: 0.25, height: 0.25, z: 1, fit: "fill" },
      { type: "media", assetId: layerClip, x: 0.75, y: 0.75, width: 0.25, height: 0.25, z: 1, fit: "fill" },
    ],
  });
  const gone = await live.scene({ preset: "solo", slots: [{ sourceId: camera.id }] });
  granted(
    await show.ask("PUT", "/program/overlays", {
      overlays: [{ type: "logo", assetId: logo, position: "top-right" }],
    }),
  );
  await live.beginWith(shown);
  await live.goLive();
  for (const each of await Promise.all(
    [clip, layerClip, logo, image, slate, music].map((assetId) => whenReady(account, assetId)),
  ))
    assert.equal(each.progress, 100);
  const heard = await eventually(
    "the music is online",
    () => show.source(sound.id),
    ({ status }) => status === "online",
  );
  assert.deepEqual([heard.video, heard.audio?.codec, heard.protocol], [null, "mp3", "file"]);
  await show.untilOnline(source.id);
  await forSeconds(context, 3);
  await live.take(gone);
  await show.until("the slate is on", ({ program }) => program.onSlate);
  await forSeconds(context, 1.5);
  const { broadcastId } = await show.status();
  const frames = await colorsOf(await live.finish());
  const all = { logo: "yellow", left: "red", middle: "lime", right: "magenta" };
  const counted = (colors: object) => frames.filter((frame) => JSON.stringify(frame) === JSON.stringify(colors)).length;
  assert.ok(counted(all) > 20, JSON.stringify(frames.slice(-120)));
  assert.ok(
    counted({ logo: "yellow", left: "blue", middle: "blue", right: "blue" }) > 10,
    JSON.stringify(frames.slice(-40)),
  );

  assert.ok(broadcastId !== null);
  const recording = await eventually(
    "the recording is in the library",
    async () => (await show.broadcast(broadcastId)).recordings[0],
    (one) => typeof one?.assetId === "string",
  );
  const asset = await whenReady(account, recording?.assetId ?? "");
  assert.deepEqual(
    [asset.origin, asset.broadcastId, asset.kind, asset.width, asset.durationMs],
    ["recording", broadcastId, "video", 320, recording?.durationMs],
  );
  assert.match(asset.name, /^Show \d{4}-\d\d-\d\d \d\d:\d\d$/);
  const bytes = Buffer.from(await (await fetch(asset.downloadUrl ?? "")).arrayBuffer());
  assert.equal(createHash("sha256").update(bytes).digest("hex"), asset.sha256);

  const { dataDir } = account.instance;
  const files = [
    join(dataDir, "recordings", show.studioId, `${broadcastId}-1.mp4`),
    join(dataDir, "objects", "assets", asset.id, "original"),
  ];
  assert.deepEqual(files.filter(existsSync), files);
  assert.equal((await account.ask("DELETE", `/v1/media/${asset.id}`)).status, 204);
  await eventually(
    "a recording leaves the disk with its asset",
    async () => files.filter(existsSync),
    (left) => left.length === 0,
  );
  assert.equal((await show.broadcast(broadcastId)).recordings[0]?.status, "deleted");
});

async function upload(account: Account, path: string, contentType: string): Promise<string> {
  const bytes = await readFile(path);
  const wish = { name: "Upload", contentType, sizeBytes: bytes.length };
  const { id, upload: where } = AssetCreated.parse(granted(await account.ask("POST", "/v1/media", wish), 201));
  const { ok } = await fetch(where.url, { method: where.method, headers: where.headers, body: bytes });
  assert.ok(ok);
  granted(await account.ask("POST", `/v1/media/${id}/complete`));
  return id;
}

async function whenReady(account: Account, assetId: string): Promise<Asset> {
  return eventually(
    `${assetId} is ready`,
    async () => Asset.parse(granted(await account.ask("GET", `/v1/media/${assetId}`))),
    ({ status, failureReason }) => {
      assert.notEqual(status, "failed", String(failureReason));
      return status === "ready";
    },
    60_000,
  );
}

/** Time as the show has it: there is nothing else to wait for. */
async function forSeconds(context: TestContext, seconds: number): Promise<void> {
  const until = Date.now() + seconds * 1_000;
  await eventually(
    `${context.name}: ${seconds} s have passed`,
    async () => Date.now(),
    (now) => now > until,
  );
}

/** Which colours each frame of a file has at those places. */
async function colorsOf(file: string): Promise<Record<keyof typeof places, Color>[]> {
  const [width, height] = [80, 45];
  const args = [
    "-v",
    "error",
    "-i",
    file,
    "-vf",
    `scale=${width}:${height}`,
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgb24",
    "-",
  ];
  const { stdout } = await run("ffmpeg", args, { encoding: "buffer", maxBuffer: 256 << 20 });
  const size = width * height * 3;
  return Array.from({ length: Math.floor(stdout.length / size) }, (_, index) => {
    const at = ([x, y]: readonly [number, number]): Color => {
      const from = index * size + (Math.floor(y * height) * width + Math.floor(x * width)) * 3;
      return named(stdout.subarray(from, from + 3));
    };
    return { logo: at(places.logo), left: at(places.left), middle: at(places.middle), right: at(places.right) };
  });
}

function named(rgb: Uint8Array): Color {
  const bits = [...rgb].map((level) => (level > 128 ? "1" : "0")).join("");
  const names: Readonly<Record<string, Color>> = {
    100: "red",
    "010": "lime",
    "001": "blue",
    110: "yellow",
    101: "magenta",
  };
  return names[bits] ?? "black";
}

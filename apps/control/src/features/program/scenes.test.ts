import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { crc32 } from "node:zlib";
import { Scene, SceneList } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";

const control = await startControl();
after(() => control[Symbol.asyncDispose]());
const ada = await Tenant.make(control);
const eve = await Tenant.make(control);

async function newScene(path: string, settings: object = {}): Promise<Scene> {
  return shapeOf(await ada.call("POST", `${path}/scenes`, { name: "Scene", ...settings }), 201, Scene);
}

async function show() {
  const studio = await ada.studio();
  const path = `/v1/studios/${studio.id}`;
  const [one, two] = [await ada.source(studio.id), await ada.source(studio.id)];
  return { path, one: one.id, two: two.id };
}

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
};

/** A PNG by its form, of that size in pixels and so many bytes; what is in it compresses well, or not at all. */
const png = (bytes: number, width = 640, height = 360, fill: (size: number) => Buffer = randomBytes) => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const [start, head, end] = [Buffer.from("89504e470d0a1a0a", "hex"), chunk("IHDR", header), chunk("IEND", fill(0))];
  const rest = chunk("IDAT", fill(Math.max(0, bytes - start.length - head.length - end.length - 12)));
  return `data:image/png;base64,${Buffer.concat([start, head, rest, end]).toString("base64")}`;
};

test("a scene is made of a preset and its slots, read, changed and deleted", async () => {
  const { path, one, two } = await show();
  const made = await newScene(path, { preset: "picture-in-picture", slots: [{ sourceId: one }, {}] });
  assert.deepEqual([made.preset, made.slots], ["picture-in-picture", [{ sourceId: one }, { sourceId: null }]]);
  assert.deepEqual([made.layers, made.audio, made.audioFollowsVideo], [[], [], true]);
  const of = `${path}/scenes/${made.id}`;
  assert.deepEqual(shapeOf(await ada.call("GET", of), 200, Scene), made);
  const audio = [{ sourceId: two, gain: -6, mute: true, solo: false, delayMs: 20 }];
  const changed = shapeOf(await ada.call("PATCH", of, { name: "Both", audio, audioFollowsVideo: false }), 200, Scene);
  assert.deepEqual(changed, { ...made, name: "Both", audio, audioFollowsVideo: false, updatedAt: changed.updatedAt });
  assert.equal((await ada.call("DELETE", of)).status, 204);
  refusedAs(await ada.call("GET", of), 404, "not_found");
  refusedAs(await ada.call("DELETE", of), 404, "not_found");
});

test("layers have every field filled in, ids too, and take a preset's place as it takes theirs", async () => {
  const { path, one } = await show();
  const layers = [
    { type: "source", sourceId: one, x: -0.5, width: 0.6 },
    { type: "source", sourceId: one, id: "source-1" },
    { type: "text", text: "100% 'q' \"q\" a:b \\ 🎬\nשלום %{pts}", style: { fontSize: 0.1 } },
    { type: "color", color: "#102030", z: -1 },
    { type: "image", url: png(40) },
  ];
  const made = await newScene(path, { layers });
  assert.deepEqual(
    made.layers.map(({ id }) => id),
    ["source-2", "source-1", "text-1", "color-1", "image-1"],
  );
  const [first, , text] = made.layers;
  assert.deepEqual([first?.x, first?.y, first?.width, first?.height, first?.fit], [-0.5, 0, 0.6, 1, "contain"]);
  assert.deepEqual([text?.text, text?.style.fontSize, text?.style.font], [layers[2]?.text, 0.1, "sans-serif"]);
  const of = `${path}/scenes/${made.id}`;
  const preset = shapeOf(await ada.call("PATCH", of, { preset: "solo", slots: [{ sourceId: one }] }), 200, Scene);
  assert.deepEqual([preset.preset, preset.slots.length, preset.layers], ["solo", 1, []]);
  const back = shapeOf(await ada.call("PATCH", of, { layers }), 200, Scene);
  assert.deepEqual([back.preset, back.slots, back.layers], [null, [], made.layers]);
  const refused = await ada.call("PATCH", of, { slots: [{ sourceId: one }] });
  refusedAs(refused, 400, "invalid_request");
  assert.match(refused.text, /body\.slots/);
});

const spoilt = (url: string): string => {
  const [head = "", base64 = ""] = url.split(",");
  const bytes = Buffer.from(base64, "base64");
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  return `${head},${bytes.toString("base64")}`;
};
/** Its start and its frame header (ITU-T T.81, B.2.2), of 16x16 pixels. */
const cutOffJpeg = `data:image/jpeg;base64,${Buffer.from("ffd8ffc0000b080010001001011100ffda0008", "hex").toString("base64")}`;
const camera = { type: "source", sourceId: newId("source") };
const color = { type: "color", color: "#000000" };
const impossible: readonly (readonly [what: string, path: string, body: object])[] = [
  ["a preset and layers", "body.layers", { preset: "grid", layers: [color] }],
  ["slots without a preset", "body.slots", { slots: [{}] }],
  ["too many slots", "body.slots", { preset: "grid", slots: Array.from({ length: 17 }, () => ({})) }],
  ["200 layers", "body.layers", { layers: Array.from({ length: 200 }, () => color) }],
  [
    "an id twice",
    "body.layers.1.id",
    {
      layers: [
        { ...color, id: "a" },
        { ...color, id: "a" },
      ],
    },
  ],
  ["off the canvas to the right", "body.layers.0.x", { layers: [{ ...color, x: 1 }] }],
  ["off the canvas to the left", "body.layers.0.x", { layers: [{ ...color, x: -0.5, width: 0.5 }] }],
  ["off the canvas above", "body.layers.0.y", { layers: [{ ...color, y: -2, height: 1 }] }],
  ["no width", "body.layers.0.width", { layers: [{ ...color, width: 0 }] }],
  ["far too wide", "body.layers.0.width", { layers: [{ ...color, width: 4.01 }] }],
  ["cropped away", "body.layers.0.crop.right", { layers: [{ ...color, crop: { left: 0.5, right: 0.5 } }] }],
  ["an opacity above 1", "body.layers.0.opacity", { layers: [{ ...color, opacity: 1.1 }] }],
  ["NaN as text", "body.layers.0.x", { layers: [{ ...color, x: "NaN" }] }],
  ["a text that is too long", "body.layers.0.text", { layers: [{ type: "text", text: "x".repeat(2_001) }] }],
  ["a text layer without one", "body.layers.0.text", { layers: [{ type: "text" }] }],
  ["an image that is none", "body.layers.0.url", { layers: [{ type: "image", url: "data:image/png;base64,AAAA" }] }],
  ["an image elsewhere", "body.layers.0.url", { layers: [{ type: "image", url: "https://example.com/a.png" }] }],
  ["an image that is too large", "body.layers.0.url", { layers: [{ type: "image", url: png(500_004) }] }],
  ["an image of 67 megapixels", "body.layers.0.url", { layers: [{ type: "image", url: png(40, 8_192, 8_192) }] }],
  ["an image without a pixel", "body.layers.0.url", { layers: [{ type: "image", url: png(40, 0, 1) }] }],
  ["a corrupt image", "body.layers.0.url", { layers: [{ type: "image", url: `${png(40).slice(0, 40)}` }] }],
  ["a PNG that is cut off", "body.layers.0.url", { layers: [{ type: "image", url: png(400).slice(0, -40) }] }],
  ["a PNG with a wrong bit", "body.layers.0.url", { layers: [{ type: "image", url: spoilt(png(400)) }] }],
  ["a JPEG that is cut off", "body.layers.0.url", { layers: [{ type: "image", url: cutOffJpeg }] }],
  ["an asset", "body.layers.0.assetId", { layers: [{ type: "image", assetId: newId("asset") }] }],
  ["an unknown source in a layer", "body.layers.0.sourceId", { layers: [camera] }],
  ["an unknown source in a slot", "body.slots.0.sourceId", { preset: "solo", slots: [{ sourceId: camera.sourceId }] }],
  ["an unknown source that is heard", "body.audio.0.sourceId", { audio: [{ sourceId: camera.sourceId }] }],
  ["a gain above 20 dB", "body.audio.0.gain", { audio: [{ sourceId: camera.sourceId, gain: 20.5 }] }],
  ["a delay above 2 s", "body.audio.0.delayMs", { audio: [{ sourceId: camera.sourceId, delayMs: 2_001 }] }],
];

for (const [what, place, body] of impossible) {
  test(`refused, with where: ${what}`, async () => {
    const { path } = await show();
    const answer = await ada.call("POST", `${path}/scenes`, { name: "Scene", ...body });
    refusedAs(answer, 400, "invalid_request");
    assert.ok(answer.text.includes(`"path":"${place}"`), answer.text.slice(0, 500));
    const made = await newScene(path);
    refusedAs(await ada.call("PATCH", `${path}/scenes/${made.id}`, body), 400, "invalid_request");
    assert.deepEqual(shapeOf(await ada.call("GET", `${path}/scenes/${made.id}`), 200, Scene), made);
  });
}

test("numbers that JSON has no word for are refused", async () => {
  const { path } = await show();
  for (const number of ["NaN", "Infinity", "1e999", "-1e999"]) {
    const body = `{"name":"x","layers":[{"type":"color","color":"#000000","x":${number}}]}`;
    refusedAs(await ada.call("POST", `${path}/scenes`, body), 400, "invalid_request");
  }
});

test("sources of another studio, and another tenant's, are sources that never were", async () => {
  const { path } = await show();
  const [other, theirs] = [await show(), await eve.source((await eve.studio()).id)];
  for (const sourceId of [other.one, theirs.id, newId("source")]) {
    const answer = await ada.call("POST", `${path}/scenes`, { name: "x", layers: [{ type: "source", sourceId }] });
    refusedAs(answer, 400, "invalid_request");
    assert.match(answer.text, /must be a source of this studio/);
  }
});

test("a scene keeps a source that was deleted, and can still be edited", async () => {
  const { path, one } = await show();
  const made = await newScene(path, { preset: "solo", slots: [{ sourceId: one }] });
  assert.equal((await ada.call("DELETE", `${path}/sources/${one}`)).status, 204);
  const of = `${path}/scenes/${made.id}`;
  const { slots, missingIds } = shapeOf(await ada.call("PATCH", of, { name: "Empty" }), 200, Scene);
  assert.deepEqual([slots, missingIds], [[{ sourceId: one }], [one]]);
  assert.equal((await ada.call("PATCH", of, { slots })).status, 200);
});

test("a page with large pictures is shorter, and none is skipped", async () => {
  const { path } = await show();
  const made: string[] = [];
  for (const fill of [randomBytes, Buffer.alloc]) {
    for (let n = 0; n < 12; n++)
      made.unshift((await newScene(path, { layers: [{ type: "image", url: png(450_000, 640, 360, fill) }] })).id);
  }
  const seen: string[] = [];
  let cursor: string | null = "";
  let pages = 0;
  while (cursor !== null) {
    const answer = await ada.call("GET", `${path}/scenes${cursor === "" ? "" : `?cursor=${cursor}`}`);
    assert.ok(answer.text.length < 6_000_000, `${answer.text.length}`);
    const page: { data: Scene[]; nextCursor: string | null } = shapeOf(answer, 200, SceneList);
    seen.push(...page.data.map(({ id }) => id));
    cursor = page.nextCursor;
    pages++;
  }
  assert.deepEqual(seen, made);
  assert.ok(pages > 1);
});

test("another tenant's scene is as if there were none", async () => {
  const { path } = await show();
  const { id } = await newScene(path);
  const nobodys = `${path}/scenes/${newId("scene")}`;
  await assertIsolated(eve, [
    { method: "GET", theirs: `${path}/scenes`, nobodys: `/v1/studios/${newId("studio")}/scenes` },
    { method: "POST", theirs: `${path}/scenes`, nobodys: `/v1/studios/${newId("studio")}/scenes`, body: { name: "x" } },
    { method: "GET", theirs: `${path}/scenes/${id}`, nobodys },
    { method: "PATCH", theirs: `${path}/scenes/${id}`, nobodys, body: { name: "Mine" } },
    { method: "DELETE", theirs: `${path}/scenes/${id}`, nobodys },
  ]);
});

import assert from "node:assert/strict";
import type { Account } from "../src/account.ts";
import { at, listAt, objectAt, textAt } from "../src/json.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";
import { neverId } from "../src/world.ts";

type Show = { readonly account: Account; readonly path: string; readonly sources: readonly [string, string] };

async function newShow(): Promise<Show> {
  const account = await freshAccount();
  const path = `/v1/studios/${textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id")}`;
  const source = async () => textAt((await account.ask("POST", `${path}/sources`, { name: "Cam" })).json, "id");
  return { account, path, sources: [await source(), await source()] };
}

async function newScene({ account, path }: Show, scene: object = {}) {
  const answer = await account.ask("POST", `${path}/scenes`, { name: "Scene", ...scene });
  assert.equal(answer.status, 201, answer.text);
  return { json: answer.json, path: `${path}/scenes/${textAt(answer.json, "id")}`, id: textAt(answer.json, "id") };
}

const dot =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

promise("createScene", "happy", "each preset with its slots, and what is left out", async () => {
  const show = await newShow();
  const [one, two] = show.sources;
  for (const preset of ["solo", "side-by-side", "picture-in-picture", "grid", "focus"]) {
    const { json } = await newScene(show, { preset, slots: [{ sourceId: one }, { sourceId: two }, {}] });
    const { id, createdAt, updatedAt, ...rest } = objectAt(json);
    assert.match(String(id), /^scn_[0-9a-hjkmnp-tv-z]{26}$/);
    assert.equal(updatedAt, createdAt);
    assert.deepEqual(rest, {
      studioId: show.path.split("/").at(-1),
      name: "Scene",
      preset,
      slots: [{ sourceId: one }, { sourceId: two }, { sourceId: null }],
      layers: [],
      audio: [],
      audioFollowsVideo: true,
      missingIds: [],
    });
  }
});

promise("createScene", "happy", "free layers of every kind, texts of any script and any characters", async () => {
  const show = await newShow();
  const [sourceId] = show.sources;
  const text = "100% \"q\" 'q' a:b \\ %{pts} {n} ${x} 🎬 日本語 العربية\nשלום";
  const layers = [
    { type: "source", sourceId, x: -1.5, y: 0.25, width: 4, height: 0.5, fit: "cover", crop: { left: 0.98 } },
    { type: "text", text, style: { fontWeight: "bold", background: "#1a1a2e", borderRadius: 0.5 } },
    { type: "color", color: "#102030", z: -1_000, opacity: 0, visible: false },
    { type: "image", url: dot },
    { type: "media", sourceId },
  ];
  const { json } = await newScene(show, { layers });
  for (const [index, given] of layers.entries()) {
    const { style, crop, ...plain } = given;
    const shown = objectAt(listAt(json, "layers")[index]);
    assert.deepEqual({ ...shown, ...plain }, shown);
    assert.deepEqual({ ...objectAt(at(shown, "style")), ...style }, at(shown, "style"));
    assert.deepEqual({ ...objectAt(at(shown, "crop")), ...crop }, at(shown, "crop"));
  }
  const ids = listAt(json, "layers").map((layer) => textAt(layer, "id"));
  assert.equal(new Set(ids).size, layers.length, "each has an id of its own");
});

const color = { type: "color", color: "#000000" };
const impossible: readonly (readonly [path: string, scene: object])[] = [
  ["body.layers", { preset: "grid", layers: [color] }],
  ["body.slots", { slots: [{}] }],
  ["body.preset", { preset: "mosaic" }],
  ["body.layers", { layers: Array.from({ length: 200 }, () => color) }],
  ["body.layers", { layers: Array.from({ length: 51 }, () => color) }],
  ["body.slots", { preset: "grid", slots: Array.from({ length: 17 }, () => ({})) }],
  [
    "body.layers.1.id",
    {
      layers: [
        { ...color, id: "a" },
        { ...color, id: "a" },
      ],
    },
  ],
  ["body.layers.0.x", { layers: [{ ...color, x: 1 }] }],
  ["body.layers.0.y", { layers: [{ ...color, y: -1 }] }],
  ["body.layers.0.x", { layers: [{ ...color, x: 2.1 }] }],
  ["body.layers.0.width", { layers: [{ ...color, width: 0 }] }],
  ["body.layers.0.height", { layers: [{ ...color, height: 4.1 }] }],
  ["body.layers.0.crop.right", { layers: [{ ...color, crop: { left: 0.6, right: 0.4 } }] }],
  ["body.layers.0.opacity", { layers: [{ ...color, opacity: -0.1 }] }],
  ["body.layers.0.style.fontSize", { layers: [{ ...color, style: { fontSize: 0 } }] }],
  ["body.layers.0.text", { layers: [{ type: "text", text: "x".repeat(2_001) }] }],
  ["body.layers.0.sourceId", { layers: [{ type: "source" }] }],
  ["body.layers.0.sourceId", { layers: [{ type: "source", sourceId: neverId("sources") }] }],
  ["body.slots.0.sourceId", { preset: "solo", slots: [{ sourceId: neverId("sources") }] }],
  ["body.audio.0.sourceId", { audio: [{ sourceId: neverId("sources") }] }],
  ["body.audio.0.gain", { audio: [{ sourceId: neverId("sources"), gain: -60.5 }] }],
  ["body.layers.0.url", { layers: [{ type: "image", url: "https://example.com/logo.png" }] }],
  ["body.layers.0.url", { layers: [{ type: "image", url: "data:image/svg+xml;base64,PHN2Zz4=" }] }],
  ["body.layers.0.url", { layers: [{ type: "image", url: `data:image/jpeg;base64,/9j/${"A".repeat(700_000)}` }] }],
  ["body.layers.0.assetId", { layers: [{ type: "image", assetId: `ast_${neverId("studios").slice(4)}` }] }],
];

promise("createScene", "invalid_request", "what cannot be shown is told, with where", async () => {
  const { account, path } = await newShow();
  for (const [place, scene] of impossible) {
    const answer = await account.ask("POST", `${path}/scenes`, { name: "Scene", ...scene });
    const what = JSON.stringify(scene).slice(0, 200);
    assertRefused(answer, "invalid_request", what);
    const paths = listAt(answer.json, "error", "details").map((detail) => textAt(detail, "path"));
    assert.ok(paths.includes(place), `${what}: ${answer.text}`);
  }
  assert.deepEqual(listAt((await account.ask("GET", `${path}/scenes`)).json, "data"), [], "nothing was made");
});

promise("getScene", "happy", "as it was made", async () => {
  const show = await newShow();
  const scene = await newScene(show, { preset: "solo" });
  assert.deepEqual((await show.account.ask("GET", scene.path)).json, scene.json);
});

promise("listScenes", "happy", "none at first, then the newest first", async () => {
  const show = await newShow();
  const list = async () => (await show.account.ask("GET", `${show.path}/scenes`)).json;
  assert.deepEqual(await list(), { data: [], nextCursor: null });
  const older = await newScene(show);
  const newer = await newScene(show);
  assert.deepEqual(listAt(await list(), "data"), [newer.json, older.json]);
});

promise("updateScene", "happy", "a merge of what is given; layers and a preset take each other's place", async () => {
  const show = await newShow();
  const [sourceId] = show.sources;
  const scene = await newScene(show, { preset: "solo", slots: [{ sourceId }] });
  const change = async (patch: object) => {
    const answer = await show.account.ask("PATCH", scene.path, patch);
    assert.equal(answer.status, 200, answer.text);
    return objectAt(answer.json);
  };
  const named = await change({ name: "Named", audioFollowsVideo: false });
  assert.deepEqual({ ...objectAt(scene.json), ...named }, named);
  assert.deepEqual([named["name"], named["preset"], named["audioFollowsVideo"]], ["Named", "solo", false]);
  const layered = await change({ layers: [{ ...color, id: "back" }] });
  assert.deepEqual([layered["preset"], layered["slots"], listAt(layered, "layers").length], [null, [], 1]);
  const grid = await change({ preset: "grid" });
  assert.deepEqual([grid["preset"], grid["layers"]], ["grid", []]);
  assert.deepEqual({ ...(await change({})), updatedAt: "" }, { ...grid, updatedAt: "" }, "nothing given");
});

promise("updateScene", "invalid_request", "what cannot be shown leaves the scene as it was", async () => {
  const show = await newShow();
  const scene = await newScene(show, { layers: [{ ...color, id: "back" }] });
  for (const [, patch] of impossible) {
    const answer = await show.account.ask("PATCH", scene.path, patch);
    assertRefused(answer, "invalid_request", JSON.stringify(patch).slice(0, 200));
  }
  assert.deepEqual((await show.account.ask("GET", scene.path)).json, scene.json);
});

promise("deleteScene", "happy", "it is gone", async () => {
  const show = await newShow();
  const scene = await newScene(show);
  assert.equal((await show.account.ask("DELETE", scene.path)).status, 204);
  assertRefused(await show.account.ask("GET", scene.path), "not_found");
  assertRefused(await show.account.ask("POST", `${show.path}/program/take`, { sceneId: scene.id }), "invalid_request");
});

promise("deleteScene", "conflict", "not while it is the program's or the preview's", async () => {
  const show = await newShow();
  const scene = await newScene(show);
  for (const what of ["take", "preview"]) {
    const set = (sceneId: string | null) => show.account.ask("POST", `${show.path}/program/${what}`, { sceneId });
    assert.equal((await set(scene.id)).status, 200);
    assertRefused(await show.account.ask("DELETE", scene.path), "conflict", what);
    assert.equal((await set(null)).status, 200);
  }
  assert.equal((await show.account.ask("DELETE", scene.path)).status, 204);
});

behaviour("a scene outlives its sources, keeps their ids, and can still be changed", async () => {
  const show = await newShow();
  const [sourceId] = show.sources;
  const scene = await newScene(show, { layers: [{ type: "source", sourceId }] });
  assert.equal((await show.account.ask("DELETE", `${show.path}/sources/${sourceId}`)).status, 204);
  const renamed = await show.account.ask("PATCH", scene.path, { name: "Empty chair" });
  assert.equal(at(listAt(renamed.json, "layers")[0], "sourceId"), sourceId);
});

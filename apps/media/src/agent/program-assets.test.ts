import assert from "node:assert/strict";
import { test } from "node:test";
import type { DesiredAsset, ProgramOverlay, SceneLayer } from "@trax/media-protocol";
import { ProgramAssets } from "./program-assets.ts";
import { studioOf } from "./testing/desired-rows.ts";

function assetOf(id: string, change: Partial<DesiredAsset> = {}): DesiredAsset {
  return { id, kind: "image", status: "ready", key: `assets/${id}/original`, failureReason: null, ...change };
}

function layerOf(change: Partial<SceneLayer>): SceneLayer {
  const box = { x: 0, y: 0, width: 1, height: 1 };
  const crop = { left: 0, top: 0, right: 0, bottom: 0 };
  const style = {
    font: "sans-serif",
    fontSize: 0.1,
    fontWeight: "normal",
    color: "#ffffff",
    background: null,
    align: "left",
    verticalAlign: "top",
    padding: 0,
    borderRadius: 0,
    borderWidth: 0,
    borderColor: "#ffffff",
  } as const;
  const nothing = { sourceId: null, assetId: null, url: null, text: null, color: null };
  return {
    id: "l1",
    type: "image",
    ...nothing,
    ...box,
    z: 0,
    fit: "cover",
    crop,
    opacity: 1,
    visible: true,
    style,
    ...change,
  };
}

function assetsOf(assets: readonly DesiredAsset[], pathOf = (key: string): string | null => `/data/${key}`) {
  return new ProgramAssets(studioOf({ assets }), pathOf);
}

const scene = (...layers: SceneLayer[]) => ({ preset: null, slots: [], layers, audio: [], audioFollowsVideo: false });

test("images become files, and clips sources of their own, each once", () => {
  const assets = assetsOf([assetOf("ast_1"), assetOf("ast_2", { kind: "video" })]);
  const { layers } = assets.scene(
    scene(
      layerOf({ type: "image", assetId: "ast_1" }),
      layerOf({ type: "media", assetId: "ast_1" }),
      layerOf({ type: "media", assetId: "ast_2" }),
      layerOf({ type: "image", assetId: "ast_2" }),
    ),
  );
  const image = "file:///data/assets/ast_1/original";
  assert.deepEqual(
    layers.map(({ url, sourceId }) => [url, sourceId]),
    [
      [image, null],
      [image, null],
      [null, "ast_2"],
      [null, null],
    ],
  );
  const slate = { assetId: "ast_2", text: null, color: null };
  assert.deepEqual(assets.slate(slate), { ...slate, url: null, sourceId: "ast_2" });
  assert.deepEqual(assets.clipSources(), [
    {
      sourceId: "ast_2",
      revision: 1,
      kind: "media",
      url: "file:///data/assets/ast_2/original",
      asset: { fault: null },
      loop: true,
      silenceMs: 1_000,
    },
  ]);
});

test("what is not ready, not here or not the account's is left out, and a source says why", () => {
  const assets = assetsOf(
    [
      assetOf("ast_1", { status: "processing" }),
      assetOf("ast_2", { status: "failed", failureReason: "It is damaged." }),
      assetOf("ast_3"),
    ],
    () => null,
  );
  const { layers } = assets.scene(scene(layerOf({ assetId: "ast_1" }), layerOf({ type: "media", assetId: "ast_9" })));
  assert.deepEqual(
    layers.map(({ url, sourceId }) => [url, sourceId]),
    [
      [null, null],
      [null, null],
    ],
  );
  const said = (assetId: string) => assets.source(assetId).fault;
  assert.match(said("ast_1")?.message ?? "", /still being processed/);
  assert.deepEqual(said("ast_2"), { code: "unsupported_format", message: "It is damaged." });
  assert.match(said("ast_3")?.message ?? "", /being fetched/);
  assert.match(said("ast_9")?.message ?? "", /not in the media library/);
});

test("nobody names a file of this machine but us", () => {
  const assets = assetsOf([]);
  const url = "file:///etc/passwd";
  assert.equal(assets.scene(scene(layerOf({ url }))).layers[0]?.url, null);
  assert.equal(
    assets.scene(scene(layerOf({ url: "data:image/png;base64,AAAA" }))).layers[0]?.url?.slice(0, 5),
    "data:",
  );
  const overlay: ProgramOverlay = {
    id: "o1",
    type: "logo",
    visible: true,
    title: null,
    subtitle: null,
    text: null,
    assetId: null,
    url,
    until: null,
    position: null,
  };
  assert.equal(assets.overlay(overlay).url, null);
});

import assert from "node:assert/strict";
import type { Account } from "../src/account.ts";
import { at, listAt, objectAt, textAt } from "../src/json.ts";
import { promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";
import { neverId } from "../src/world.ts";

// What the program's routes promise where no media is involved.

type Show = { readonly account: Account; readonly path: string; readonly one: string; readonly two: string };

async function newShow(): Promise<Show> {
  const account = await freshAccount();
  const path = `/v1/studios/${textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id")}`;
  const scene = async () => textAt((await account.ask("POST", `${path}/scenes`, { name: "Scene" })).json, "id");
  return { account, path, one: await scene(), two: await scene() };
}

const read = async ({ account, path }: Show) => objectAt((await account.ask("GET", `${path}/program`)).json);

promise("getProgram", "happy", "the automatic scene, until somebody says otherwise", async () => {
  const show = await newShow();
  assert.deepEqual(await read(show), {
    mode: "composed",
    sceneId: null,
    previewSceneId: null,
    onSlate: false,
    overlays: [],
    missingIds: [],
    transition: { type: "cut", durationMs: 0 },
  });
});

promise("takeProgram", "happy", "where nothing runs the scene is set at once, and no time is claimed", async () => {
  const show = await newShow();
  const { account, path, one, two } = show;
  const take = async (json?: object) => (await account.ask("POST", `${path}/program/take`, json)).json;
  assert.deepEqual(await take({ sceneId: one, transition: "fade", durationMs: 5_000 }), { sceneId: one, at: null });
  assert.deepEqual(at(await read(show), "transition"), { type: "fade", durationMs: 5_000 });
  assert.equal((await account.ask("POST", `${path}/program/preview`, { sceneId: two })).status, 200);
  assert.deepEqual(await take(), { sceneId: two, at: null }, "the previewed one");
  assert.deepEqual(await take({ sceneId: null }), { sceneId: null, at: null }, "the automatic one");
  assert.equal((await read(show))["sceneId"], null);
});

promise("takeProgram", "conflict", "the previewed scene, where none is", async () => {
  const show = await newShow();
  const { account, path } = show;
  for (const json of [undefined, {}, { transition: "fade" }])
    assertRefused(await account.ask("POST", `${path}/program/take`, json), "conflict");
});

promise("takeProgram", "invalid_request", "a scene that is not this studio's", async () => {
  const show = await newShow();
  const { account, path, one } = show;
  await account.ask("POST", `${path}/program/take`, { sceneId: one });
  for (const sceneId of [neverId("scenes"), (await newShow()).one])
    assertRefused(await account.ask("POST", `${path}/program/take`, { sceneId }), "invalid_request");
  assert.equal((await read(show))["sceneId"], one, "what was on stays on");
});

promise("takeProgram", "invalid_request", "a fade of more than five seconds", async () => {
  const { account, path, one } = await newShow();
  for (const wrong of [{ durationMs: 5_001 }, { durationMs: 0.5 }, { transition: "wipe" }])
    assertRefused(await account.ask("POST", `${path}/program/take`, { sceneId: one, ...wrong }), "invalid_request");
});

promise("previewProgram", "happy", "a scene beside the program's, and none again", async () => {
  const show = await newShow();
  const { account, path, one } = show;
  const preview = async (sceneId: string | null) =>
    at((await account.ask("POST", `${path}/program/preview`, { sceneId })).json, "previewSceneId");
  assert.equal(await preview(one), one);
  assert.deepEqual([(await read(show))["previewSceneId"], (await read(show))["sceneId"]], [one, null]);
  assert.equal(await preview(null), null);
});

promise("setOverlays", "happy", "all of them at once, of every type, with ids that stay", async () => {
  const show = await newShow();
  const overlays = [
    { type: "lower-third", title: "Ada", subtitle: "100% 'sure' \\ %{pts}", position: "bottom-left" },
    { type: "logo", url: "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAAC", position: "top-right" },
    { type: "ticker", text: "🎬 news: one, two", visible: false },
    { type: "countdown", until: "2030-01-01T01:00:00+01:00", title: "Soon" },
    { type: "clock", id: "wall" },
  ];
  const set = (list: readonly unknown[]) =>
    show.account.ask("PUT", `${show.path}/program/overlays`, { overlays: list });
  const first = await set(overlays);
  assert.equal(first.status, 200, first.text);
  const shown = listAt(first.json, "overlays");
  assert.equal(at(shown[3], "until"), "2030-01-01T00:00:00.000Z", "in UTC");
  assert.equal(at(shown[4], "id"), "wall");
  assert.deepEqual(
    shown.map((overlay) => at(overlay, "visible")),
    [true, true, false, true, true],
  );
  assert.deepEqual(listAt((await set(overlays)).json, "overlays"), shown, "the same again is the same");
  assert.deepEqual(listAt((await set(shown)).json, "overlays"), shown, "as answered, too");
  assert.deepEqual((await read(show))["overlays"], shown);
  assert.deepEqual(at((await set([])).json, "overlays"), []);
});

promise("setOverlays", "invalid_request", "what cannot be shown is told, with where", async () => {
  const { account, path } = await newShow();
  const wrong: readonly (readonly [string, readonly object[]])[] = [
    ["body.overlays", Array.from({ length: 21 }, () => ({ type: "clock" }))],
    [
      "body.overlays.1.id",
      [
        { type: "clock", id: "a" },
        { type: "clock", id: "a" },
      ],
    ],
    ["body.overlays.0.title", [{ type: "lower-third" }]],
    ["body.overlays.0.url", [{ type: "logo" }]],
    ["body.overlays.0.text", [{ type: "ticker" }]],
    ["body.overlays.0.until", [{ type: "countdown" }]],
    ["body.overlays.0.until", [{ type: "countdown", until: "2030-13-01T00:00:00Z" }]],
    ["body.overlays.0.assetId", [{ type: "logo", assetId: `ast_${neverId("studios").slice(4)}` }]],
    ["body.overlays.0.type", [{ type: "banner" }]],
  ];
  for (const [place, overlays] of wrong) {
    const answer = await account.ask("PUT", `${path}/program/overlays`, { overlays });
    assertRefused(answer, "invalid_request", place);
    const paths = listAt(answer.json, "error", "details").map((detail) => textAt(detail, "path"));
    assert.ok(paths.includes(place), answer.text);
  }
});

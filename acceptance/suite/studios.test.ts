import assert from "node:assert/strict";
import { waitFor } from "@trax/peers";
import type { Account } from "../src/account.ts";
import { at, listAt, objectAt, textAt } from "../src/json.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";
import { closedAddress } from "../src/world.ts";

async function newStudio(account: Account, body: object = { name: "Show" }) {
  const answer = await account.ask("POST", "/v1/studios", body);
  assert.equal(answer.status, 201, answer.text);
  return { path: `/v1/studios/${textAt(answer.json, "id")}`, id: textAt(answer.json, "id"), json: answer.json };
}

promise("createStudio", "happy", "a name is enough; the rest is what a first show needs", async () => {
  const account = await freshAccount();
  const { json } = await newStudio(account, { name: "  Friday show " });
  const { id, createdAt, updatedAt, ...rest } = objectAt(json);
  assert.match(String(id), /^std_[0-9a-hjkmnp-tv-z]{26}$/);
  assert.match(String(createdAt), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(updatedAt, createdAt);
  assert.deepEqual(rest, {
    name: "Friday show",
    autoGoLive: false,
    graceMs: 30_000,
    state: "offline",
    program: {
      mode: "composed",
      sourceId: null,
      width: 1280,
      height: 720,
      frameRate: 30,
      videoBitrate: 4_500_000,
      audioBitrate: 160_000,
      fallbackSourceIds: [],
    },
    slate: { assetId: null, text: null, color: null },
    recording: { enabled: false },
    missingIds: [],
  });
});

promise("createStudio", "happy", "every setting there is", async () => {
  const account = await freshAccount();
  const settings = {
    name: "Ω".repeat(100),
    autoGoLive: true,
    graceMs: 0,
    program: {
      mode: "passthrough",
      width: 1920,
      height: 1080,
      frameRate: 60,
      videoBitrate: 6_000_000,
      audioBitrate: 128_000,
    },
    slate: { text: "Back soon 🎬", color: "#1a1a2e" },
    recording: { enabled: true },
  };
  const { json } = await newStudio(account, settings);
  for (const [name, value] of Object.entries(settings)) {
    const shown = at(json, name);
    assert.deepEqual(typeof value === "object" ? { ...objectAt(shown), ...value } : value, shown, name);
  }
});

promise(
  "createStudio",
  "invalid_request",
  "names that are too long, empty or invisible, and numbers out of range",
  async () => {
    const account = await freshAccount();
    const wrong = [
      { name: "" },
      { name: "   " },
      { name: "x".repeat(101) },
      { name: "a\nb" },
      { name: "a\u007fb" },
      {},
      { name: "x", graceMs: -1 },
      { name: "x", graceMs: 600_001 },
      { name: "x", program: { mode: "freestyle" } },
      { name: "x", program: { width: 1921 } },
      { name: "x", program: { width: 1922 } },
      { name: "x", program: { height: 719 } },
      { name: "x", program: { width: 1920, height: 1082 } },
      { name: "x", program: { height: 1920 } },
      { name: "x", program: { frameRate: 0 } },
      { name: "x", program: { videoBitrate: 99_999 } },
      { name: "x", slate: { color: "red" } },
      { name: "x", slate: { text: "x".repeat(201) } },
      { name: "x", id: "std_01k9zv4q8fe6s9yq4n3g5t0w2x" },
      { name: "x", state: "live" },
    ];
    for (const json of wrong) {
      const answer = await account.ask("POST", "/v1/studios", json);
      assertRefused(answer, "invalid_request", JSON.stringify(json));
      assert.match(textAt(answer.json, "error", "details", 0, "path"), /^body\b/, "details say where");
    }
  },
);

promise("getStudio", "happy", "as it was made", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  assert.deepEqual((await account.ask("GET", studio.path)).json, studio.json);
});

promise("listStudios", "happy", "none at first, then the newest first", async () => {
  const account = await freshAccount();
  assert.deepEqual((await account.ask("GET", "/v1/studios")).json, { data: [], nextCursor: null });
  const older = await newStudio(account);
  const newer = await newStudio(account);
  const list = await account.ask("GET", "/v1/studios");
  assert.deepEqual(listAt(list.json, "data"), [newer.json, older.json]);
});

promise("updateStudio", "happy", "a merge of what is given", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account, {
    name: "A",
    slate: { text: "soon", color: "#000000" },
    program: { width: 640 },
  });
  const changed = await account.ask("PATCH", studio.path, { slate: { text: null }, program: { height: 360 } });
  assert.equal(changed.status, 200, changed.text);
  assert.equal(at(changed.json, "name"), "A");
  assert.deepEqual(at(changed.json, "slate"), { assetId: null, text: null, color: "#000000" });
  assert.deepEqual([at(changed.json, "program", "width"), at(changed.json, "program", "height")], [640, 360]);
  assert.ok(textAt(changed.json, "updatedAt") > textAt(studio.json, "updatedAt"));
  assert.equal((await account.ask("PATCH", studio.path, {})).status, 200, "nothing given changes nothing");
});

promise("updateStudio", "happy", "the source of a passthrough program", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  const source = textAt((await account.ask("POST", `${studio.path}/sources`, { name: "Cam" })).json, "id");
  const chosen = await account.ask("PATCH", studio.path, { program: { sourceId: source } });
  assert.equal(at(chosen.json, "program", "sourceId"), source);
  assert.equal((await account.ask("DELETE", `${studio.path}/sources/${source}`)).status, 204);
  assert.equal(at((await account.ask("GET", studio.path)).json, "program", "sourceId"), null, "it is gone with it");
});

promise("updateStudio", "happy", "an upright program, and what it shows before the slate", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  const source = textAt((await account.ask("POST", `${studio.path}/sources`, { name: "Cam" })).json, "id");
  const program = { width: 1080, height: 1920, frameRate: 60, fallbackSourceIds: [source] };
  const changed = await account.ask("PATCH", studio.path, { program });
  assert.equal(changed.status, 200, changed.text);
  assert.deepEqual({ ...objectAt(at(changed.json, "program")), ...program }, at(changed.json, "program"));
});

promise("updateStudio", "studio_live", "a live program keeps its mode, size and rates", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  const live = await account.ask("POST", `${studio.path}/go-live`, { allowNoDestinations: true });
  assert.equal(live.status, 200, live.text);
  for (const program of [
    { mode: "passthrough" },
    { width: 640 },
    { height: 360 },
    { frameRate: 25 },
    { videoBitrate: 1_000_000 },
    { audioBitrate: 96_000 },
  ])
    assertRefused(await account.ask("PATCH", studio.path, { program }), "studio_live", JSON.stringify(program));
  const kept = { program: { mode: "composed", width: 1280 }, slate: { text: "Soon" }, name: "Live" };
  assert.equal((await account.ask("PATCH", studio.path, kept)).status, 200, "what stays as it is disturbs nobody");
  assert.equal((await account.ask("POST", `${studio.path}/go-offline`)).status, 200);
  await waitFor(
    "the studio is offline",
    async () => at((await account.ask("GET", studio.path)).json, "state") === "offline",
  );
  const changed = await account.ask("PATCH", studio.path, { program: { mode: "passthrough" } });
  assert.equal(changed.status, 200, changed.text);
});

promise("deleteStudio", "happy", "with everything in it", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  const source = await account.ask("POST", `${studio.path}/sources`, { name: "Cam" });
  const deleted = await account.ask("DELETE", studio.path);
  assert.deepEqual([deleted.status, deleted.text], [204, ""]);
  for (const path of [
    "",
    "/sources",
    `/sources/${textAt(source.json, "id")}`,
    "/destinations",
    "/stream-status",
    "/broadcasts",
  ]) {
    assertRefused(await account.ask("GET", studio.path + path), "not_found", path);
  }
  assertRefused(await account.ask("DELETE", studio.path), "not_found", "twice");
});

promise("deleteStudio", "studio_live", "not before it is offline", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account, { name: "Show", program: { mode: "passthrough" } });
  await account.ask("POST", `${studio.path}/destinations`, { name: "Out", url: closedAddress });
  assert.equal((await account.ask("POST", `${studio.path}/go-live`)).status, 200);
  assertRefused(await account.ask("DELETE", studio.path), "studio_live");
  assert.equal((await account.ask("GET", studio.path)).status, 200, "it is still there");
  assert.equal((await account.ask("POST", `${studio.path}/go-offline`)).status, 200);
  await waitFor(
    "the studio is offline",
    async () => at((await account.ask("GET", studio.path)).json, "state") === "offline",
  );
  assert.equal((await account.ask("DELETE", studio.path)).status, 204);
});

behaviour("changes made at once are all kept", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  const changes = [
    { name: "B" },
    { graceMs: 5 },
    { autoGoLive: true },
    { program: { width: 320 } },
    { slate: { text: "t" } },
  ];
  await Promise.all(changes.map((change) => account.ask("PATCH", studio.path, change)));
  const { json } = await account.ask("GET", studio.path);
  assert.deepEqual(
    [
      at(json, "name"),
      at(json, "graceMs"),
      at(json, "autoGoLive"),
      at(json, "program", "width"),
      at(json, "slate", "text"),
    ],
    ["B", 5, true, 320, "t"],
  );
});

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Program, Scene, Taken } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { recordShown } from "@trax/media-protocol";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";

const control = await startControl();
after(() => control[Symbol.asyncDispose]());
const ada = await Tenant.make(control);
const eve = await Tenant.make(control);

async function show(settings: object = {}) {
  const studioId = (await ada.studio(settings)).id;
  const path = `/v1/studios/${studioId}`;
  const scene = async () => shapeOf(await ada.call("POST", `${path}/scenes`, { name: "Scene" }), 201, Scene).id;
  return { studioId, path, one: await scene(), two: await scene() };
}

async function goLive(path: string): Promise<void> {
  const answer = await ada.call("POST", `${path}/go-live`, { allowNoDestinations: true });
  assert.equal(answer.status, 200, answer.text);
}

async function takeOf(studioId: string): Promise<number> {
  const [row] = await control.database.query<{ take: number }>(
    sql`select take from programs where studio_id = ${studioId}`,
  );
  return row?.take ?? 0;
}

/** What the media agent does: waits for a take to be asked for, and says that it is shown. */
async function showNext(studioId: string, take: number, at: string): Promise<void> {
  while ((await takeOf(studioId)) < take) await new Promise(setImmediate);
  await recordShown(control.database, { studioId, take, at });
}

async function events(studioId: string): Promise<readonly object[]> {
  const rows = await control.database.query<{ data: object }>(
    sql`select data from events where studio_id = ${studioId} and type = 'program.changed' order by seq`,
  );
  return rows.map(({ data }) => data);
}

const program = async (path: string) => shapeOf(await ada.call("GET", `${path}/program`), 200, Program);

test("a program nobody has written to shows the automatic scene", async () => {
  const { path } = await show();
  assert.deepEqual(await program(path), {
    mode: "composed",
    sceneId: null,
    previewSceneId: null,
    onSlate: false,
    overlays: [],
    missingIds: [],
    transition: { type: "cut", durationMs: 0 },
  });
});

test("without a running program a take is answered at once, and without a time", async () => {
  const { studioId, path, one, two } = await show();
  const taken = await ada.call("POST", `${path}/program/take`, { sceneId: one, transition: "fade" });
  assert.deepEqual(shapeOf(taken, 200, Taken), { sceneId: one, at: null });
  const now = await program(path);
  assert.deepEqual([now.sceneId, now.transition], [one, { type: "fade", durationMs: 500 }]);

  refusedAs(await ada.call("POST", `${path}/program/take`), 409, "conflict");
  const previewed = await ada.call("POST", `${path}/program/preview`, { sceneId: two });
  assert.equal(shapeOf(previewed, 200, Program).previewSceneId, two);
  const next = await ada.call("POST", `${path}/program/take`, { durationMs: 100 });
  assert.deepEqual(shapeOf(next, 200, Taken), { sceneId: two, at: null });
  assert.deepEqual((await program(path)).transition, { type: "cut", durationMs: 0 });

  const automatic = await ada.call("POST", `${path}/program/take`, { sceneId: null });
  assert.deepEqual(shapeOf(automatic, 200, Taken), { sceneId: null, at: null });
  assert.equal(await takeOf(studioId), 3);
  const quiet = { onSlate: false, overlays: [] };
  assert.deepEqual(await events(studioId), [
    { sceneId: one, previewSceneId: null, ...quiet },
    { sceneId: one, previewSceneId: two, ...quiet },
    { sceneId: two, previewSceneId: two, ...quiet },
    { sceneId: null, previewSceneId: two, ...quiet },
  ]);
});

test("a take of a running program is answered with the time that the media agent saw", async () => {
  const { studioId, path, one, two } = await show();
  await goLive(path);
  const at = "2026-11-22T18:00:00.123Z";
  const [taken] = await Promise.all([
    ada.call("POST", `${path}/program/take`, { sceneId: one }),
    showNext(studioId, 1, at),
  ]);
  assert.deepEqual(shapeOf(taken, 200, Taken), { sceneId: one, at });
  // Asked for at once, they come one after the other; the one shown last answers for both.
  const [a, b] = await Promise.all([
    ada.call("POST", `${path}/program/take`, { sceneId: one }),
    ada.call("POST", `${path}/program/take`, { sceneId: two }),
    showNext(studioId, 3, at),
  ]);
  assert.deepEqual([a.status, b.status], [200, 200], a.text + b.text);
});

test("a take that the media side does not show is set all the same, and a retry is one more", async () => {
  const { studioId, path, one } = await show();
  await goLive(path);
  const headers = { "idempotency-key": "take" };
  const take = () =>
    control.call(`${path}/program/take`, { method: "POST", key: ada.account.key, headers, body: { sceneId: one } });
  const first = take();
  while ((await takeOf(studioId)) < 1) await new Promise(setImmediate);
  refusedAs(await take(), 409, "idempotency_in_progress");
  const refused = await first;
  refusedAs(refused, 503, "media_unavailable");
  assert.equal(refused.headers.get("retry-after"), "1");
  assert.equal((await program(path)).sceneId, one);

  const at = "2026-11-22T18:00:01.000Z";
  const [second] = await Promise.all([take(), showNext(studioId, 2, at)]);
  assert.deepEqual(shapeOf(second, 200, Taken), { sceneId: one, at });
  const replayed = await take();
  assert.deepEqual([replayed.text, replayed.headers.get("idempotent-replayed")], [second.text, "true"]);
  assert.equal(await takeOf(studioId), 2);
});

test("a key whose answer was being made when its maker died can be used again", async () => {
  const { path, one } = await show();
  const headers = { "idempotency-key": "died" };
  const take = () =>
    control.call(`${path}/program/take`, { method: "POST", key: ada.account.key, headers, body: { sceneId: one } });
  assert.equal((await take()).status, 200);
  const age = (seconds: number) =>
    control.database.query(sql`
    update idempotency_keys set status = 102, body = null, created_at = now() - ${seconds} * interval '1 second'
    where account_id = ${ada.account.accountId} and key = 'died'`);
  await age(1);
  refusedAs(await take(), 409, "idempotency_in_progress");
  await age(60);
  assert.equal((await take()).status, 200);
});

test("a watched program runs; a relay has no takes to wait for", async () => {
  const { studioId, path, one } = await show();
  const first = await ada.call("POST", `${path}/program/take`, { sceneId: one });
  assert.equal(shapeOf(first, 200, Taken).at, null);
  await control.database.query(
    sql`update programs set watched_until = now() + interval '1 minute', on_slate = true where studio_id = ${studioId}`,
  );
  assert.equal((await program(path)).onSlate, true);
  const at = "2026-11-22T18:00:02.000Z";
  const [watched] = await Promise.all([
    ada.call("POST", `${path}/program/take`, { sceneId: null }),
    showNext(studioId, 2, at),
  ]);
  assert.equal(shapeOf(watched, 200, Taken).at, at);

  const relay = await show({ program: { mode: "passthrough" } });
  await goLive(relay.path);
  const taken = await ada.call("POST", `${relay.path}/program/take`, { sceneId: relay.one });
  assert.equal(shapeOf(taken, 200, Taken).at, null);
});

test("a scene on the program or the preview is not deleted, and an edit of it is told", async () => {
  const { studioId, path, one, two } = await show();
  await ada.call("POST", `${path}/program/take`, { sceneId: one });
  await ada.call("POST", `${path}/program/preview`, { sceneId: two });
  for (const [scene, words] of [
    [one, /on the program/],
    [two, /previewed/],
  ] as const) {
    const refused = await ada.call("DELETE", `${path}/scenes/${scene}`);
    refusedAs(refused, 409, "conflict");
    assert.match(refused.text, words);
  }
  const before = (await events(studioId)).length;
  await ada.call("PATCH", `${path}/scenes/${two}`, { name: "Not on air" });
  assert.equal((await events(studioId)).length, before);
  await ada.call("PATCH", `${path}/scenes/${one}`, { name: "On air" });
  assert.equal((await events(studioId)).length, before + 1);
  await ada.call("POST", `${path}/program/take`, { sceneId: null });
  await ada.call("POST", `${path}/program/preview`, { sceneId: null });
  assert.equal((await ada.call("DELETE", `${path}/scenes/${one}`)).status, 204);
  assert.equal((await ada.call("DELETE", `${path}/scenes/${two}`)).status, 204);
});

test("overlays are set as a whole, with ids that stay", async () => {
  const { studioId, path } = await show();
  const overlays = [
    { type: "lower-third", title: "Ada", subtitle: "Guest" },
    { type: "countdown", until: "2026-11-22T19:00:00+01:00", visible: false },
    { type: "clock", id: "wall", position: "top-right", timeZone: "America/Argentina/Buenos_Aires" },
  ];
  const set = shapeOf(await ada.call("PUT", `${path}/program/overlays`, { overlays }), 200, Program);
  assert.deepEqual(
    set.overlays.map(({ id, until, timeZone }) => [id, until, timeZone]),
    [
      ["lower-third-1", null, null],
      ["countdown-1", "2026-11-22T18:00:00.000Z", null],
      ["wall", null, "America/Argentina/Buenos_Aires"],
    ],
  );
  assert.deepEqual(await program(path), set);
  const again = shapeOf(await ada.call("PUT", `${path}/program/overlays`, { overlays: set.overlays }), 200, Program);
  assert.deepEqual(again, set);
  assert.deepEqual((await events(studioId)).at(-1), {
    sceneId: null,
    previewSceneId: null,
    onSlate: false,
    overlays: ["lower-third-1", "wall"],
  });
  assert.deepEqual(
    shapeOf(await ada.call("PUT", `${path}/program/overlays`, { overlays: [] }), 200, Program).overlays,
    [],
  );
});

const wrong: readonly (readonly [path: string, overlays: readonly object[]])[] = [
  ["body.overlays.0.title", [{ type: "lower-third" }]],
  ["body.overlays.0.url", [{ type: "logo" }]],
  ["body.overlays.0.url", [{ type: "logo", url: "data:image/gif;base64,R0lGODlh" }]],
  ["body.overlays.0.assetId", [{ type: "logo", assetId: newId("asset") }]],
  ["body.overlays.0.text", [{ type: "ticker" }]],
  ["body.overlays.0.until", [{ type: "countdown" }]],
  ["body.overlays.0.until", [{ type: "countdown", until: "tomorrow" }]],
  ["body.overlays.0.timeZone", [{ type: "clock", timeZone: "Europe/Nowhere" }]],
  ["body.overlays.0.timeZone", [{ type: "clock", timeZone: "+02:00" }]],
  ["body.overlays.0.until", [{ type: "countdown", until: "0000-01-01T00:00:00+23:00" }]],
  [
    "body.overlays.1.id",
    [
      { type: "clock", id: "a" },
      { type: "clock", id: "a" },
    ],
  ],
  ["body.overlays", Array.from({ length: 21 }, () => ({ type: "clock" }))],
];

test("overlays that cannot be are refused, with where", async () => {
  const { path } = await show();
  for (const [place, overlays] of wrong) {
    const answer = await ada.call("PUT", `${path}/program/overlays`, { overlays });
    refusedAs(answer, 400, "invalid_request");
    assert.ok(answer.text.includes(`"path":"${place}"`), answer.text);
  }
  assert.deepEqual((await program(path)).overlays, []);
});

test("scenes that are not the studio's are not taken", async () => {
  const { studioId, path } = await show();
  const other = await show();
  for (const sceneId of [other.one, newId("scene")]) {
    for (const what of ["take", "preview"]) {
      const refused = await ada.call("POST", `${path}/program/${what}`, { sceneId });
      refusedAs(refused, 400, "invalid_request");
      assert.match(refused.text, /"path":"body\.sceneId"/);
    }
  }
  assert.equal(await takeOf(studioId), 0);
  refusedAs(await ada.call("POST", `${path}/program/take`, { durationMs: 5_001 }), 400, "invalid_request");
});

test("another tenant's program is as if there were none", async () => {
  const { path, one } = await show();
  const nobodys = `/v1/studios/${newId("studio")}`;
  const calls = [
    { method: "GET", path: "/program" },
    { method: "POST", path: "/program/take", body: { sceneId: one } },
    { method: "POST", path: "/program/take" },
    { method: "POST", path: "/program/preview", body: { sceneId: one } },
    { method: "PUT", path: "/program/overlays", body: { overlays: [] } },
  ];
  await assertIsolated(
    eve,
    calls.map(({ path: below, ...rest }) => ({ ...rest, theirs: path + below, nobodys: nobodys + below })),
  );
});

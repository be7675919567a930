import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Studio, StudioList } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";

const control = await startControl({ TRAX_ALLOWED_NETWORKS: "127.0.0.0/8" });
after(() => control[Symbol.asyncDispose]());
const ada = await Tenant.make(control);
const eve = await Tenant.make(control);

test("a studio is made with its defaults, read, changed and deleted", async () => {
  const made = await ada.studio({ name: "  Friday show " });
  assert.equal(made.name, "Friday show");
  assert.equal(made.state, "offline");
  assert.deepEqual(made.program, {
    mode: "composed",
    sourceId: null,
    width: 1280,
    height: 720,
    frameRate: 30,
    videoBitrate: 4_500_000,
    audioBitrate: 160_000,
    fallbackSourceIds: [],
  });
  assert.deepEqual(made.slate, { assetId: null, text: null, color: null });
  const path = `/v1/studios/${made.id}`;
  assert.deepEqual(shapeOf(await ada.call("GET", path), 200, Studio), made);

  const patch = { graceMs: 5_000, program: { width: 640 }, slate: { text: "Soon" }, recording: { enabled: true } };
  const changed = shapeOf(await ada.call("PATCH", path, patch), 200, Studio);
  assert.equal(changed.name, "Friday show");
  assert.equal(changed.graceMs, 5_000);
  assert.equal(changed.program.width, 640);
  assert.equal(changed.program.height, 720);
  assert.equal(changed.slate.text, "Soon");
  assert.equal(changed.recording.enabled, true);
  const cleared = shapeOf(await ada.call("PATCH", path, { slate: { text: null, color: "#112233" } }), 200, Studio);
  assert.deepEqual(cleared.slate, { assetId: null, text: null, color: "#112233" });
  const same = shapeOf(await ada.call("PATCH", path, {}), 200, Studio);
  assert.deepEqual({ ...same, updatedAt: "" }, { ...cleared, updatedAt: "" });

  assert.equal((await ada.call("DELETE", path)).status, 204);
  refusedAs(await ada.call("GET", path), 404, "not_found");
  refusedAs(await ada.call("DELETE", path), 404, "not_found");
});

test("the program's source is one of the studio's, and is let go of with it", async () => {
  const studio = await ada.studio();
  const path = `/v1/studios/${studio.id}`;
  const own = await ada.source(studio.id);
  const others = await ada.source((await ada.studio()).id);
  const chosen = shapeOf(await ada.call("PATCH", path, { program: { sourceId: own.id } }), 200, Studio);
  assert.equal(chosen.program.sourceId, own.id);
  for (const sourceId of [others.id, newId("source")]) {
    const refusal = await ada.call("PATCH", path, { program: { sourceId } });
    refusedAs(refusal, 400, "invalid_request");
    assert.match(refusal.text, /"path":"body\.program\.sourceId"/);
    refusedAs(await ada.call("POST", "/v1/studios", { name: "New", program: { sourceId } }), 400, "invalid_request");
  }
  assert.equal((await ada.call("DELETE", `${path}/sources/${own.id}`)).status, 204);
  assert.equal(shapeOf(await ada.call("GET", path), 200, Studio).program.sourceId, null);
});

test("what is shown before the slate is the studio's own, in its order", async () => {
  const studio = await ada.studio();
  const path = `/v1/studios/${studio.id}`;
  const [a, b] = [(await ada.source(studio.id)).id, (await ada.source(studio.id)).id];
  const set = (fallbackSourceIds: readonly string[]) => ada.call("PATCH", path, { program: { fallbackSourceIds } });
  assert.deepEqual(shapeOf(await set([b, a]), 200, Studio).program.fallbackSourceIds, [b, a]);
  assert.deepEqual(shapeOf(await ada.call("PATCH", path, { name: "x" }), 200, Studio).program.fallbackSourceIds, [
    b,
    a,
  ]);
  const others = await ada.source((await ada.studio()).id);
  const refused = await set([a, others.id]);
  refusedAs(refused, 400, "invalid_request");
  assert.match(refused.text, /"path":"body\.program\.fallbackSourceIds\.1"/);
  refusedAs(await set([a, a]), 400, "invalid_request");
  refusedAs(await set(Array.from({ length: 9 }, () => newId("source"))), 400, "invalid_request");
  assert.equal((await ada.call("DELETE", `${path}/sources/${b}`)).status, 204);
  assert.deepEqual(shapeOf(await ada.call("GET", path), 200, Studio).program.fallbackSourceIds, [a]);
  assert.deepEqual(shapeOf(await set([]), 200, Studio).program.fallbackSourceIds, []);
});

test("a program is at most 1920x1080 or 1080x1920, of even sides", async () => {
  const { id } = await ada.studio();
  const set = (program: object) => ada.call("PATCH", `/v1/studios/${id}`, { program });
  for (const [width, height] of [
    [1920, 1080],
    [1080, 1920],
  ])
    assert.equal((await set({ width, height, frameRate: 60 })).status, 200);
  for (const program of [{ width: 1920 }, { width: 1082 }, { width: 321 }, { height: 1922 }]) {
    refusedAs(await set(program), 400, "invalid_request");
  }
  refusedAs(await ada.call("POST", "/v1/studios", { name: "x", program: { height: 1920 } }), 400, "invalid_request");
  await control.database.query(sql`update studios set width = 1920, height = 1920 where id = ${id}`);
  assert.equal((await ada.call("PATCH", `/v1/studios/${id}`, { name: "As before" })).status, 200);
  refusedAs(await set({ mode: "passthrough" }), 400, "invalid_request");
});

test("a live program keeps its mode, size and rates; everything else can be changed", async () => {
  const studio = await ada.studio();
  const path = `/v1/studios/${studio.id}`;
  await ada.call("POST", `${path}/go-live`, { allowNoDestinations: true });
  for (const program of [
    { mode: "passthrough" },
    { width: 640 },
    { height: 360 },
    { frameRate: 25 },
    { videoBitrate: 1_000_000 },
    { audioBitrate: 96_000 },
  ])
    refusedAs(await ada.call("PATCH", path, { program }), 409, "studio_live");
  const same = { mode: "composed", width: 1280, height: 720 };
  const patch = { name: "Live", program: same, slate: { text: "Soon" }, graceMs: 1_000 };
  assert.equal(shapeOf(await ada.call("PATCH", path, patch), 200, Studio).slate.text, "Soon");
  await ada.call("POST", `${path}/go-offline`);
});

test("a studio on air is not deleted, nor one whose broadcast still ends", async () => {
  const studio = await ada.studio();
  const path = `/v1/studios/${studio.id}`;
  await ada.call("POST", `${path}/go-live`, { allowNoDestinations: true });
  refusedAs(await ada.call("DELETE", path), 409, "studio_live");
  await ada.call("POST", `${path}/go-offline`);
  refusedAs(await ada.call("DELETE", path), 409, "studio_live");
  await control.database.query(sql`update broadcasts set ended_at = now() where studio_id = ${studio.id}`);
  await control.database.query(sql`update studios set state = 'offline' where id = ${studio.id}`);
  assert.equal((await ada.call("DELETE", path)).status, 204);
});

test("pages are newest first and neither skip nor repeat what was there throughout", async () => {
  const owner = await Tenant.make(control);
  const made: string[] = [];
  for (let n = 0; n < 7; n++) made.unshift((await owner.studio({ name: `Show ${n}` })).id);
  const seen: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const query = `/v1/studios?limit=3${cursor === "" ? "" : `&cursor=${cursor}`}`;
    const page: StudioListOf = shapeOf(await owner.call("GET", query), 200, StudioList);
    seen.push(...page.data.map((studio) => studio.id));
    cursor = page.nextCursor;
    // Newer than all: not part of what is being read.
    if (seen.length === 3) await owner.studio({ name: "Later" });
    if (seen.length === 3) await owner.call("DELETE", `/v1/studios/${seen[0] ?? ""}`);
  }
  assert.deepEqual(seen, made);
  refusedAs(await eve.call("GET", "/v1/studios?cursor=v1.AAAA"), 400, "invalid_cursor");
});

type StudioListOf = { readonly data: readonly Studio[]; readonly nextCursor: string | null };

test("another tenant's studio is as if there were none", async () => {
  const { id } = await ada.studio();
  const nobodys = `/v1/studios/${newId("studio")}`;
  const theirs = `/v1/studios/${id}`;
  await assertIsolated(eve, [
    { method: "GET", theirs, nobodys },
    { method: "PATCH", theirs, nobodys, body: { name: "Mine" } },
    { method: "DELETE", theirs, nobodys },
  ]);
  const list = shapeOf(await eve.call("GET", "/v1/studios"), 200, StudioList);
  assert.deepEqual(list.data, []);
  assert.equal(shapeOf(await ada.call("GET", theirs), 200, Studio).name, "Show");
});

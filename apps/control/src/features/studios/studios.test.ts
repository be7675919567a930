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
    mode: "passthrough",
    sourceId: null,
    width: 1280,
    height: 720,
    frameRate: 30,
    videoBitrate: 4_500_000,
    audioBitrate: 160_000,
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
    refusedAs(refusal, 404, "not_found");
    assert.match(refusal.text, /"path":"body\.program\.sourceId"/);
    refusedAs(await ada.call("POST", "/v1/studios", { name: "New", program: { sourceId } }), 404, "not_found");
  }
  assert.equal((await ada.call("DELETE", `${path}/sources/${own.id}`)).status, 204);
  assert.equal(shapeOf(await ada.call("GET", path), 200, Studio).program.sourceId, null);
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

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { Destination, DestinationList } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { Secret } from "@trax/foundation/secret";
import { openVault } from "@trax/foundation/vault";
import { readDesired, recordDestination, withPassphrase } from "@trax/media-protocol";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";

const keyText = randomBytes(32).toString("base64");
const vault = openVault([{ id: "t1", key: new Secret(keyText) }]);
const control = await startControl({
  TRAX_ALLOWED_NETWORKS: "127.0.0.0/8",
  TRAX_ENCRYPTION_KEYS: `t1:${keyText}`,
});
after(() => control[Symbol.asyncDispose]());
const { database } = control;
const ada = await Tenant.make(control);
const eve = await Tenant.make(control);

type Stored = { readonly revision: number; readonly stream_key: string | null; readonly row: string };

async function stored(id: string): Promise<Stored> {
  const [row] = await database.query<Stored>(
    sql`select revision, stream_key, row_to_json(d)::text as row from destinations d where id = ${id}`,
  );
  assert.ok(row !== undefined);
  return row;
}

test("a destination is made, listed, changed and removed, and its key is never shown", async () => {
  const studio = await ada.studio();
  const key = "live_SECRET_123";
  const body = { name: " Twitch ", platform: "twitch", url: "RTMPS://127.0.0.1:443/app", streamKey: key };
  const answer = await ada.call("POST", `/v1/studios/${studio.id}/destinations`, body);
  const made = shapeOf(answer, 201, Destination);
  assert.equal(made.name, "Twitch");
  assert.equal(made.protocol, "rtmps");
  assert.equal(made.url, body.url);
  assert.equal(made.streamKeySet, true);
  assert.equal(made.status, "idle");
  const path = `/v1/studios/${studio.id}/destinations/${made.id}`;
  const list = await ada.call("GET", `/v1/studios/${studio.id}/destinations`);
  assert.deepEqual(shapeOf(list, 200, DestinationList).data, [made]);
  const patched = await ada.call("PATCH", path, { name: "T2", enabled: false });
  assert.equal(shapeOf(patched, 200, Destination).enabled, false);
  for (const { text } of [answer, list, patched]) assert.ok(!text.includes("SECRET"));
  assert.ok(!(await stored(made.id)).stream_key?.includes("SECRET"));
  assert.equal((await ada.call("DELETE", path)).status, 204);
  refusedAs(await ada.call("GET", path), 404, "not_found");
  refusedAs(await ada.call("DELETE", path), 404, "not_found");
  refusedAs(await ada.call("PATCH", path, { url: "rtmp://127.0.0.1/x" }), 404, "not_found");
});

test("only another address or key is a new revision", async () => {
  const studio = await ada.studio();
  const { id, url } = await ada.destination(studio.id, { streamKey: "one" });
  const revisions: number[] = [];
  for (const patch of [
    { name: "Other", enabled: false, platform: "kick" },
    { url, streamKey: "one" },
    { streamKey: "two" },
    { url: `${url}/other` },
    { streamKey: null },
    { streamKey: null },
    { streamKey: "two" },
    { delayMs: 5_000 },
    { delayMs: 5_000, name: "Later" },
  ]) {
    shapeOf(await ada.call("PATCH", `/v1/studios/${studio.id}/destinations/${id}`, patch), 200, Destination);
    revisions.push((await stored(id)).revision);
  }
  assert.deepEqual(revisions, [1, 1, 2, 3, 4, 4, 5, 6, 6]);
});

test("an SRT passphrase is kept sealed, shown as stars, and stays where these are sent back", async () => {
  const studio = await ada.studio();
  const list = `/v1/studios/${studio.id}/destinations`;
  const of = (passphrase: string, host = "127.0.0.1:9000") => `srt://${host}?streamid=a&passphrase=${passphrase}`;
  const answer = await ada.call("POST", list, { name: "SRT", url: of("SECRET-12345") });
  const { id, url } = shapeOf(answer, 201, Destination);
  assert.equal(url, of("***"));
  const opened = async () => {
    const [desired] = await readDesired(database, [studio.id], false);
    const [row] = desired?.destinations ?? [];
    assert.ok(row?.passphrase !== undefined && row.passphrase !== null);
    return withPassphrase(
      row.url,
      vault.decrypt(row.passphrase, { accountId: ada.account.accountId, row: id }).reveal(),
    );
  };
  const seen: (readonly [string, number])[] = [];
  for (const patch of [
    { url: of("***") },
    { name: "Other", enabled: false },
    { delayMs: 1_000 },
    { url: of("***", "127.0.0.1:9001") },
    { url: of("SECRET-67890") },
  ]) {
    const patched = await ada.call("PATCH", `${list}/${id}`, patch);
    assert.ok(!patched.text.includes("SECRET"), patched.text);
    assert.ok(!(await stored(id)).row.includes("SECRET"));
    seen.push([await opened(), (await stored(id)).revision]);
  }
  assert.deepEqual(seen, [
    [of("SECRET-12345"), 1],
    [of("SECRET-12345"), 1],
    [of("SECRET-12345"), 2],
    [of("SECRET-12345", "127.0.0.1:9001"), 3],
    [of("SECRET-67890"), 4],
  ]);

  // Stars that stand for nothing are no passphrase.
  refusedAs(await ada.call("POST", list, { name: "Copy", url: of("***") }), 400, "invalid_request");
  const plain = shapeOf(await ada.call("POST", list, { name: "Plain", url: "srt://127.0.0.1:9000" }), 201, Destination);
  refusedAs(await ada.call("PATCH", `${list}/${plain.id}`, { url: of("***") }), 400, "invalid_request");
  assert.equal((await ada.call("DELETE", `${list}/${plain.id}`)).status, 204);
  // Nor is one whose key is gone lost by a change beside it: the key may come back.
  const [sealed] = await database.query<{ passphrase: string }>(sql`
    update destinations set passphrase = 'gone.' || split_part(passphrase, '.', 2) where id = ${id} returning passphrase`);
  assert.equal((await ada.call("PATCH", `${list}/${id}`, { url: of("***"), delayMs: 2_000 })).status, 200);
  refusedAs(await ada.call("PATCH", `${list}/${id}`, { url: of("***", "127.0.0.1:9002") }), 400, "invalid_request");
  assert.ok((await stored(id)).row.includes(sealed?.passphrase ?? "?"));

  // From before they were sealed: not shown, and sealed with the first change.
  await database.query(sql`update destinations set url = ${of("SECRET-OLD")}, passphrase = null where id = ${id}`);
  assert.ok(!(await ada.call("GET", list)).text.includes("SECRET"));
  assert.equal((await ada.call("PATCH", `${list}/${id}`, { url: of("***"), delayMs: 0 })).status, 200);
  assert.deepEqual([await opened(), (await stored(id)).row.includes("SECRET")], [of("SECRET-OLD"), false]);
  assert.equal((await ada.call("PATCH", `${list}/${id}`, { url: "srt://127.0.0.1:9000" })).status, 200);
  assert.ok((await stored(id)).row.includes('"passphrase":null'));
});

test("a destination may lag behind, by a minute at the most, and may be a WHIP endpoint", async () => {
  const studio = await ada.studio();
  const list = `/v1/studios/${studio.id}/destinations`;
  const body = { name: "WHIP", url: "http://127.0.0.1:8889/live/whip", streamKey: "token", delayMs: 60_000 };
  const made = shapeOf(await ada.call("POST", list, body), 201, Destination);
  assert.deepEqual([made.protocol, made.delayMs], ["whip", 60_000]);
  const patched = shapeOf(await ada.call("PATCH", `${list}/${made.id}`, { delayMs: 0 }), 200, Destination);
  assert.equal(patched.delayMs, 0);
  for (const delayMs of [-1, 60_001, 0.5, "1"])
    refusedAs(await ada.call("POST", list, { ...body, delayMs }), 400, "invalid_request");
});

test("an address that TRaX does not connect to is refused, and nothing is written", async () => {
  const studio = await ada.studio();
  const list = `/v1/studios/${studio.id}/destinations`;
  const { id, url } = await ada.destination(studio.id);
  for (const wrong of ["rtmp://10.0.0.1/app", "rtmp://[::ffff:10.0.0.1]/app", "srt://167772161:9000"]) {
    refusedAs(await ada.call("POST", list, { name: "In", url: wrong }), 422, "destination_refused");
    refusedAs(await ada.call("PATCH", `${list}/${id}`, { url: wrong }), 422, "destination_refused");
  }
  for (const wrong of [
    "file:///etc/passwd",
    "ftp://example.com/",
    "rtmp://a:b@127.0.0.1/app",
    "rtmp://127.0.0.1/a#b",
  ]) {
    refusedAs(await ada.call("POST", list, { name: "In", url: wrong }), 400, "invalid_request");
  }
  refusedAs(await ada.call("POST", list, { name: "In", url, streamKey: "a\nb" }), 400, "invalid_request");
  // The studio comes before its address, so that nothing can be asked of DNS through a stranger's.
  const nowhere = `/v1/studios/${newId("studio")}/destinations`;
  refusedAs(await ada.call("POST", nowhere, { name: "In", url: "rtmp://10.0.0.1/app" }), 404, "not_found");
  const rows = await database.query<{ url: string }>(sql`select url from destinations where studio_id = ${studio.id}`);
  assert.deepEqual(rows, [{ url }]);
});

test("live is shown only while it is being observed", async () => {
  const studio = await ada.studio();
  const { id } = await ada.destination(studio.id);
  const path = `/v1/studios/${studio.id}/destinations/${id}`;
  const status = async () => shapeOf(await ada.call("GET", path), 200, Destination).status;
  const seen = { destinationId: id, broadcastId: null, status: "live", reconnects: 0, lastError: null } as const;
  await recordDestination(database, { ...seen, connectedAt: new Date().toISOString() });
  assert.equal(await status(), "live");
  await recordDestination(database, { ...seen, connectedAt: new Date(Date.now() - 20_000).toISOString() });
  assert.equal(await status(), "reconnecting");
});

test("another tenant's destinations are as if there were none", async () => {
  const studio = await ada.studio();
  const { id } = await ada.destination(studio.id);
  const own = await eve.studio();
  const [list, noList] = [`/v1/studios/${studio.id}/destinations`, `/v1/studios/${newId("studio")}/destinations`];
  const body = { name: "Mine", url: "rtmp://127.0.0.1/app" };
  await assertIsolated(eve, [
    { method: "GET", theirs: list, nobodys: noList },
    { method: "POST", theirs: list, nobodys: noList, body },
    ...[list, `/v1/studios/${own.id}/destinations`].flatMap((base) => {
      const paths = { theirs: `${base}/${id}`, nobodys: `${base}/${newId("destination")}` };
      return [
        { method: "GET", ...paths },
        { method: "PATCH", ...paths, body: { name: "Mine" } },
        { method: "PATCH", ...paths, body: { url: "rtmp://10.0.0.1/app" } },
        { method: "DELETE", ...paths },
      ];
    }),
  ]);
  assert.equal(shapeOf(await ada.call("GET", `${list}/${id}`), 200, Destination).name, "Peer");
});

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { waitFor } from "@trax/peers";
import { startYoutube } from "@trax/peers/youtube/server";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { Tenant } from "../../testing/tenant.ts";
import { appUri, authorizeUrlOf, callbackOf, comeBack, linkAt } from "./testing/linking.ts";
import { endShow, goLive, showAt, untilTold } from "./testing/show.ts";

const ingest = "rtmp://127.0.0.1:19350/live2";
const youtube = await startYoutube({ ingestUrl: ingest, secureIngestUrl: ingest });
after(() => youtube.stop());
const control = await startControl({
  ...youtube.baseUrls,
  TRAX_REDIRECT_URIS: appUri,
  TRAX_ALLOWED_NETWORKS: "127.0.0.0/8",
});
after(() => control[Symbol.asyncDispose]());
const { database } = control;

type Owed = { readonly attempts: number; readonly isDue: boolean };

const owedFor = (id: string) =>
  database.query<Owed>(
    sql`select attempts, due_at <= now() as "isDue" from owed_revocations where connection_id = ${id}`,
  );

/** It is asked again in a while, which has passed. */
async function askAgainFor(id: string): Promise<void> {
  await database.query(sql`update owed_revocations set due_at = now() where connection_id = ${id}`);
  await database.query(sql`select pg_notify('trax_connections', '')`);
}

test("YouTube: neither linking anew that breaks off nor unlinking by another tenant ends the link that there is", async () => {
  const channel = youtube.addChannel("Cyd");
  youtube.decide({ kind: "consent", userId: channel.id });
  const show = await showAt(control, "youtube");
  youtube.failNext({ path: /channels$/, status: 503 });
  const end = await comeBack(await callbackOf(control, await authorizeUrlOf(show.tenant, "youtube")));
  assert.equal(end.searchParams.get("error"), "platform_unavailable");
  const eve = await Tenant.make(control);
  const other = await linkAt(control, eve, "youtube");
  assert.equal((await eve.call("DELETE", `/v1/connections/${other}`)).status, 204);
  await waitFor("nothing is owed", async () => (await owedFor(other)).length === 0);
  assert.ok(youtube.liveGrants(channel) > 0);
  await goLive(show);
  await untilTold(show);
  await endShow(show);
  assert.equal((await show.tenant.call("DELETE", `/v1/connections/${show.id}`)).status, 204);
  await waitFor("the last one withdraws all", () => youtube.liveGrants(channel) === 0);
});

test("YouTube: what is owed to be withdrawn ends no link that was made since, or is being made", async () => {
  const channel = youtube.addChannel("Fay");
  youtube.decide({ kind: "consent", userId: channel.id });
  const fay = await Tenant.make(control);
  const first = await linkAt(control, fay, "youtube");
  const renewal = youtube.failNext({ path: /token$/, stall: true });
  await database.query(sql`update connections set refresh_due_at = now() where id = ${first}`);
  await database.query(sql`select pg_notify('trax_connections', '')`);
  await waitFor("it is being renewed", () => renewal.hits() === 1);
  const broken = youtube.failNext({ path: /revoke$/, status: 500 });
  assert.equal((await fay.call("DELETE", `/v1/connections/${first}`)).status, 204);
  await waitFor("it is asked", () => broken.hits() === 1);

  const exchange = youtube.failNext({ path: /channels$/, stall: true });
  const linking = linkAt(control, await Tenant.make(control), "youtube");
  await waitFor("there is a grant, and no link yet", () => exchange.hits() === 1);
  await askAgainFor(first);
  await waitFor("it is put off, and that is no attempt", async () => {
    const [owed] = await owedFor(first);
    return owed?.attempts === 1 && !owed.isDue;
  });
  renewal.release();
  await waitFor("what came of the renewal is owed, too", async () => (await owedFor(first)).length === 2);
  exchange.release();
  await linking;
  await askAgainFor(first);
  await waitFor("nothing is owed", async () => (await owedFor(first)).length === 0, 15_000);
  assert.ok(youtube.liveGrants(channel) > 0);
});

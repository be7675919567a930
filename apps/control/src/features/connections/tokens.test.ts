import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Connection } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { waitFor } from "@trax/peers";
import { startKick } from "@trax/peers/kick/kick";
import { startTwitch } from "@trax/peers/twitch/server";
import type { TwitchUser } from "@trax/peers/twitch/world";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant } from "../../testing/tenant.ts";
import { platform as twitchPlatform } from "./platforms/twitch/index.ts";
import { sessionOf } from "./testing/adapter.ts";
import { appUri, linkAt } from "./testing/linking.ts";
import { beginValidations } from "./validations.ts";

const twitch = await startTwitch();
after(() => twitch.stop());
const kick = await startKick();
after(() => kick.stop());
const control = await startControl({
  ...twitch.baseUrls,
  ...kick.environment,
  TRAX_TWITCH_CLIENT_ID: twitch.clientId,
  TRAX_TWITCH_CLIENT_SECRET: twitch.clientSecret,
  TRAX_REDIRECT_URIS: appUri,
  TRAX_ALLOWED_NETWORKS: "127.0.0.0/8",
});
after(() => control[Symbol.asyncDispose]());
// Both do all the work that there is.
await control.another({});
const { database } = control;

type Linked = { readonly tenant: Tenant; readonly id: string; readonly there: TwitchUser };

let users = 0;

async function link(): Promise<Linked> {
  const there = twitch.addUser({ login: `user${++users}` });
  twitch.decide({ kind: "consent", userId: there.id });
  const tenant = await Tenant.make(control);
  return { tenant, id: await linkAt(control, tenant, "twitch"), there };
}

type Row = { readonly status: string; readonly version: number; readonly attempts: number };

async function rowOf(id: string): Promise<Row> {
  const [row] = await database.query<Row>(sql`
    select status, secrets_version as version, refresh_attempts as attempts from connections where id = ${id}`);
  return row ?? assert.fail("no such connection");
}

/** Time passes: these tokens are due, and over where so said. Both nodes are told at the same moment. */
async function age(ids: readonly string[], isOver: boolean): Promise<void> {
  await database.query(sql`
    update connections set refresh_due_at = now(),
      token_expires_at = case when ${isOver} then now() - interval '1 minute' else token_expires_at end
    where id = any(${ids})`);
  await database.query(sql`select pg_notify('trax_connections', '')`);
}

const renewals = (platform: { readonly requests: readonly { readonly body: string }[] }): number =>
  platform.requests.filter(({ body }) => body.includes("grant_type=refresh_token")).length;

const set = ({ tenant, id }: Linked) => tenant.call("PUT", `/v1/connections/${id}/metadata`, { title: "Now" });

test("tokens are renewed ahead of their end, each by one of two nodes", async () => {
  const linked: Linked[] = [];
  for (let count = 0; count < 6; count += 1) linked.push(await link());
  const before = renewals(twitch);
  const ids = linked.map(({ id }) => id);
  await age(ids, false);
  await waitFor("all are renewed", async () => {
    const rows = await Promise.all(ids.map(rowOf));
    return rows.every(({ version }) => version === 2);
  });
  assert.equal(renewals(twitch) - before, ids.length);
});

test("tokens that nothing can be asked for do not keep others waiting", async () => {
  const one = await link();
  // As many as are looked at in one round, of a platform that is not set up any more, longer due than the other.
  await database.query(sql`
    insert into connections (id, account_id, platform, account_name, platform_user_id, secrets, refresh_due_at)
    select 'cnx_' || lpad(n::text, 26, '0'), ${one.tenant.account.accountId}, 'youtube', 'x', n::text, '', now() - interval '1 hour'
    from generate_series(1, 20) n`);
  await age([one.id], false);
  await waitFor("it is renewed", async () => (await rowOf(one.id)).version === 2);
  await database.query(sql`delete from connections where platform = 'youtube'`);
});

test("an answer that was lost is asked for again, and a platform that breaks is asked ever later", async () => {
  const one = await link();
  twitch.failNext({ path: /token$/, cut: "after" });
  await age([one.id], true);
  await waitFor("it failed", async () => (await rowOf(one.id)).attempts === 1);
  assert.equal((await rowOf(one.id)).status, "error", "it cannot be used meanwhile");
  await age([one.id], true);
  await waitFor("it is renewed", async () => (await rowOf(one.id)).version >= 2);
  assert.equal((await rowOf(one.id)).status, "ok");
  assert.equal((await set(one)).status, 204);

  const broken = twitch.failNext({ path: /token$/, status: 503, times: Infinity });
  await age([one.id], true);
  await waitFor("it failed", async () => (await rowOf(one.id)).attempts >= 1);
  // Whoever wants to use it meanwhile asks the platform nothing.
  for (let count = 0; count < 5; count += 1) refusedAs(await set(one), 503, "platform_unavailable");
  assert.ok(broken.hits() <= 3, `${broken.hits()} requests`);
  twitch.clearFaults();
  await age([one.id], true);
  await waitFor("it is renewed", async () => (await rowOf(one.id)).status === "ok");
});

test("a token that rotates survives what was lost before it was taken", async () => {
  const there = kick.addUser({ name: "ada" });
  kick.consentAs(there);
  const tenant = await Tenant.make(control);
  const id = await linkAt(control, tenant, "kick");
  kick.failNext({ path: "/oauth/token", cut: "before" });
  await age([id], true);
  await waitFor("it failed", async () => (await rowOf(id)).attempts === 1);
  await age([id], true);
  await waitFor("it is renewed", async () => (await rowOf(id)).version >= 2);
  const { version } = await rowOf(id);
  await age([id], true);
  await waitFor("it is renewed with what came of it", async () => (await rowOf(id)).version > version);
  assert.equal((await tenant.call("PUT", `/v1/connections/${id}/metadata`, { title: "Now" })).status, 204);
});

test("a grant that was withdrawn is to be linked again: told once, and the platform is left alone", async () => {
  const one = await link();
  twitch.withdraw(one.there);
  const before = twitch.requests.length;
  refusedAs(await set(one), 409, "needs_relink");
  const asked = twitch.requests.length - before;
  assert.ok(asked <= 3, `${asked} requests`);
  const shown = shapeOf(await one.tenant.call("GET", `/v1/connections/${one.id}`), 200, Connection);
  assert.equal(shown.status, "needs_relink");
  assert.match(shown.statusReason ?? "", /does not take TRaX's access any more/);
  for (let count = 0; count < 3; count += 1) refusedAs(await set(one), 409, "needs_relink");
  assert.equal(twitch.requests.length - before, asked, "it is left alone");
  const events = await database.query<{ status: string }>(sql`
    select data->>'status' as status from events where account_id = ${one.tenant.account.accountId} order by seq`);
  assert.deepEqual(events, [{ status: "ok" }, { status: "needs_relink" }]);
  twitch.decide({ kind: "consent", userId: one.there.id });
  assert.equal(await linkAt(control, one.tenant, "twitch"), one.id);
  assert.equal((await set(one)).status, 204);
});

const validations = () => twitch.requests.filter(({ path }) => path === "/oauth2/validate");

/** The hour is over. */
async function askAbout(ids: readonly string[]): Promise<void> {
  await database.query(sql`update connections set validate_due_at = now() where id = any(${ids})`);
  await database.query(sql`select pg_notify('trax_connections', '')`);
}

async function minutesUntilAsked(id: string): Promise<number> {
  const [row] = await database.query<{ minutes: number }>(sql`
    select (extract(epoch from validate_due_at - now()) / 60)::float as minutes from connections where id = ${id}`);
  return row?.minutes ?? assert.fail("no such connection");
}

test("Twitch is asked every hour whether access is good, by one of two nodes, each in its own time", async () => {
  const ids: string[] = [];
  for (let count = 0; count < 4; count += 1) ids.push((await link()).id);
  const before = validations().length;
  const first = await Promise.all(ids.map(minutesUntilAsked));
  assert.ok(first.every((minutes) => minutes > 20 && minutes <= 60) && new Set(first).size === ids.length);
  await askAbout(ids);
  const next = await waitFor("all are asked about", async () => {
    const now = await Promise.all(ids.map(minutesUntilAsked));
    return now.every((minutes) => minutes > 10) ? now : null;
  });
  assert.ok(next.every((minutes) => minutes <= 60) && new Set(next).size === ids.length, next.join());
  assert.deepEqual(
    validations()
      .slice(before)
      .map(({ status, headers }) => [status, headers.authorization?.split(" ")[0]]),
    ids.map(() => [200, "OAuth"]),
  );
});

test("access that is not good any more is renewed, or known to be gone without being used", async () => {
  const [ended, withdrawn, unknown] = [await link(), await link(), await link()];
  twitch.expireAccessTokens();
  await askAbout([ended.id]);
  await waitFor("it is renewed", async () => (await rowOf(ended.id)).version === 2);
  await waitFor("the new one is good", async () => (await minutesUntilAsked(ended.id)) > 10);
  assert.deepEqual([(await rowOf(ended.id)).status, validations().at(-1)?.status], ["ok", 200]);

  twitch.withdraw(withdrawn.there);
  await askAbout([withdrawn.id]);
  await waitFor("it is to be linked again", async () => (await rowOf(withdrawn.id)).status === "needs_relink");
  await waitFor("that is settled", async () => (await minutesUntilAsked(withdrawn.id)) > 10);

  const asked = validations().length;
  twitch.failNext({ path: /validate$/, status: 503 });
  await askAbout([withdrawn.id, unknown.id]);
  await waitFor("it is asked again soon", async () => (await minutesUntilAsked(unknown.id)) > 1);
  await waitFor("it has failed", () => validations().at(-1)?.status === 503);
  assert.deepEqual([(await rowOf(unknown.id)).status, validations().length - asked], ["ok", 1]);
  assert.ok((await minutesUntilAsked(unknown.id)) <= 5);
});

test("many that come due at once are asked about a few at a time", async () => {
  const { accountId } = (await Tenant.make(control)).account;
  const ids = Array.from({ length: 25 }, () => newId("connection"));
  await database.query(sql`
    insert into connections (id, account_id, platform, account_name, platform_user_id, secrets, validate_due_at)
    select id, ${accountId}, 'elsewhere', id, id, '', now() from unnest(${ids}::text[]) id`);
  const answered = Promise.withResolvers<void>();
  const client = { validate: () => answered.promise };
  const known = { platform: { ...twitchPlatform, name: "elsewhere" }, client, quota: null };
  const registry = { all: [known], find: () => known, close: () => undefined };
  let more = 0;
  const secrets = { accessToken: "t", expiresAt: null };
  const session = sessionOf({ platformUserId: "1", accountName: "", scopes: [], settings: {}, secrets });
  const parts = { database, registry, openSession: async () => ({ ...known, session }) };
  const begin = () => beginValidations(parts, () => (more += 1));
  const jobs = await begin();
  assert.equal(more, 0, "not before these are answered");
  answered.resolve();
  await Promise.all(jobs);
  assert.equal(more, 1);
  assert.equal((await begin()).length, 5);
});

test("what comes of a renewal after its account was unlinked is withdrawn too", async () => {
  const one = await link();
  const stalled = twitch.failNext({ path: /token$/, stall: true });
  await age([one.id], true);
  await waitFor("it is being renewed", () => stalled.hits() === 1);
  assert.equal((await one.tenant.call("DELETE", `/v1/connections/${one.id}`)).status, 204);
  await waitFor("the grant is withdrawn", () => twitch.liveGrants(one.there) === 0);
  stalled.release();
  await waitFor("nothing is owed", async () => {
    const owed = await database.query(sql`select from owed_revocations where connection_id = ${one.id}`);
    return owed.length === 0;
  });
});

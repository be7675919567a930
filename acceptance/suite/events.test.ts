import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { waitFor } from "@trax/peers";
import { mintKey } from "../src/account.ts";
import { readEvents } from "../src/event-reader.ts";
import type { EventReader } from "../src/event-reader.ts";
import { bearer } from "../src/http.ts";
import { at, listAt, textAt } from "../src/json.ts";
import { makeShow } from "../src/media/show.ts";
import type { Show } from "../src/media/show.ts";
import { publish } from "../src/media/publishing.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused, withoutRequestId } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";
import { closedAddress } from "../src/world.ts";

const eventsOf = (show: Show): string => `/v1/studios/${show.studioId}/events`;

async function follow(context: TestContext, show: Show, headers = {}, query = ""): Promise<EventReader> {
  const reader = await readEvents(show.account.instance, eventsOf(show) + query, {
    ...bearer(show.account.key),
    ...headers,
  });
  context.after(() => reader.close());
  return reader;
}

/** A live studio whose destinations nobody answers at: each time one is switched on or off, its status changes. */
async function busyShow(context: TestContext, destinations: number): Promise<Show> {
  const show = await makeShow(await freshAccount());
  context.after(() => show.goOffline());
  const { session } = await show.addSource();
  for (let index = 0; index < destinations; index++) await show.addDestination({ url: closedAddress });
  await publish(context, session.ingest);
  await show.untilOnline(session.sourceId ?? "");
  await show.goLive();
  return show;
}

async function toggle(show: Show, destination: string, times: number): Promise<void> {
  for (let count = 0; count < times; count++) {
    for (const enabled of [false, true]) {
      await show.setDestination(destination, { enabled });
      const wanted = (status: unknown): boolean => (status === "idle") === !enabled;
      await waitFor(`${destination} is ${enabled ? "tried" : "idle"}`, async () =>
        wanted(at((await show.ask("GET", `/destinations/${destination}`)).json, "status")),
      );
    }
  }
}

async function destinationsOf(show: Show): Promise<string[]> {
  return listAt((await show.ask("GET", "/destinations")).json, "data").map((row) => textAt(row, "id"));
}

promise("streamEvents", "happy", "what changes, as it changes, in the one envelope", async (context) => {
  const show = await makeShow(await freshAccount());
  const reader = await follow(context, show);
  const { session } = await show.addSource();
  const publisher = await publish(context, session.ingest);
  await reader.until(1);
  await show.goLive({ allowNoDestinations: true });
  await reader.until(2);
  await show.goOffline();
  await reader.until(3);
  await publisher.stop();
  await reader.until(4);
  assert.deepEqual(
    reader.events.map(({ type }) => type),
    ["source.status_changed", "stream.live", "stream.offline", "source.status_changed"],
  );
  for (const { id, envelope } of reader.events) {
    assert.match(id, /^evt_/);
    assert.deepEqual([at(envelope, "accountId"), at(envelope, "studioId")], [show.account.id, show.studioId]);
    assert.match(textAt(envelope, "createdAt"), /^\d{4}-\d\d-\d\dT.*\.\d{3}Z$/);
  }
});

promise(
  "streamEvents",
  "happy",
  "under many writers, a reader that comes and goes misses and repeats none",
  async (context) => {
    const show = await busyShow(context, 5);
    const steady = await follow(context, show);
    const [, ...destinations] = await destinationsOf(show);
    await toggle(show, destinations[0] ?? "", 1);
    await steady.until(1);
    const first = steady.events[0]?.id ?? "";

    const writing = new AbortController();
    const writers = Promise.all(destinations.map((destination) => toggle(show, destination, 4))).finally(() =>
      writing.abort(),
    );
    const bites: string[] = [first];
    const bite = async (count: number): Promise<void> => {
      const header = { "last-event-id": bites.at(-1) };
      const reader =
        bites.length % 2 === 0
          ? await follow(context, show, header)
          : await follow(context, show, {}, `?lastEventId=${bites.at(-1)}`);
      await reader.until(count);
      reader.close();
      bites.push(...reader.events.map(({ id }) => id));
    };
    while (!writing.signal.aborted) await bite(1);
    await writers;
    await waitFor("the steady reader has what the other has", () =>
      steady.events.some(({ id }) => id === bites.at(-1)),
    );
    const steadyIds = steady.events.map(({ id }) => id);
    assert.equal(new Set(steadyIds).size, steadyIds.length, "none twice");
    assert.deepEqual(bites, steadyIds.slice(0, bites.length), "none skipped, none repeated");
    assert.ok(bites.length > 20, `${bites.length} events were seen`);
  },
);

promise("streamEvents", "invalid_cursor", "an event that is not this studio's, whosever it is", async (context) => {
  const show = await makeShow(await freshAccount());
  const other = await makeShow(await freshAccount());
  const reader = await follow(context, other);
  const { session } = await other.addSource();
  await publish(context, session.ingest);
  await reader.until(1);
  const ask = (lastEventId: string) => show.account.ask("GET", `${eventsOf(show)}?lastEventId=${lastEventId}`);
  const never = await ask("evt_01k9zv4q8fe6s9yq4n3g5t0w2x");
  assertRefused(never, "invalid_cursor");
  assertRefused(await ask("nonsense"), "invalid_cursor");
  assert.equal(withoutRequestId(await ask(reader.events[0]?.id ?? "")), withoutRequestId(never), "another tenant's");
});

behaviour("a credential is sent the types that its scopes allow", async (context) => {
  const show = await makeShow(await freshAccount());
  context.after(() => show.goOffline());
  const { account } = show;
  const readerOf = async (scope: string): Promise<EventReader> => {
    const reader = await readEvents(
      account.instance,
      eventsOf(show),
      bearer(await mintKey(account.instance, account.session, { scopes: [scope] })),
    );
    context.after(() => reader.close());
    return reader;
  };
  const [stream, sources, destinations] = [
    await readerOf("stream:read"),
    await readerOf("sources:read"),
    await readerOf("destinations:read"),
  ];
  const all = await follow(context, show);
  const { session } = await show.addSource();
  await show.addDestination({ url: closedAddress });
  await publish(context, session.ingest);
  await show.untilOnline(session.sourceId ?? "");
  await show.goLive();
  await Promise.all([sources.until(1), destinations.until(1)]);
  await show.goOffline();
  await show.untilOffline();
  await waitFor(
    "the destination is idle again",
    () => at(all.events.findLast(({ type }) => type.startsWith("destination"))?.envelope, "data", "status") === "idle",
  );
  for (const [reader, prefix] of [
    [stream, "stream."],
    [sources, "source."],
    [destinations, "destination."],
  ] as const) {
    const expected = all.events.filter(({ type }) => type.startsWith(prefix)).map(({ id }) => id);
    await reader.until(expected.length);
    assert.deepEqual(
      reader.events.map(({ id }) => id),
      expected,
      prefix,
    );
  }
});

async function endsWithin(reader: EventReader, ms: number): Promise<void> {
  await waitFor("the stream is closed", () => reader.hasEnded(), ms);
}

behaviour("a stream ends within a second of its credential", async (context) => {
  const show = await makeShow(await freshAccount());
  const { account } = show;
  const mint = async (wish: object): Promise<{ id: string; secret: string }> => {
    const { json } = await account.askAsUser("POST", "/account/keys", { name: "k", scopes: ["stream:read"], ...wish });
    return { id: textAt(json, "id"), secret: textAt(json, "secret") };
  };
  const revoked = await mint({});
  const first = await follow(context, show, bearer(revoked.secret));
  await account.askAsUser("DELETE", `/account/keys/${revoked.id}`);
  await endsWithin(first, 1_000);

  const expiring = await mint({ expiresInSeconds: 2 });
  await endsWithin(await follow(context, show, bearer(expiring.secret)), 3_000);

  const signedIn = await readEvents(account.instance, eventsOf(show), account.session);
  await account.askAsUser("POST", "/account/sign-out");
  await endsWithin(signedIn, 1_000);
});

behaviour("a stream ends with its studio", async (context) => {
  const show = await makeShow(await freshAccount());
  const reader = await follow(context, show);
  assert.equal((await show.ask("DELETE", "")).status, 204);
  await endsWithin(reader, 5_000);
});

behaviour("who follows nothing of another tenant's sees nothing of it", async (context) => {
  const mine = await makeShow(await freshAccount());
  const reader = await follow(context, mine);
  const theirs = await makeShow(await freshAccount());
  const { session } = await theirs.addSource();
  await publish(context, session.ingest);
  await theirs.untilOnline(session.sourceId ?? "");
  const own = await mine.addSource();
  await publish(context, own.session.ingest);
  await reader.until(1);
  assert.deepEqual([...new Set(reader.events.map(({ envelope }) => at(envelope, "accountId")))], [mine.account.id]);
});

import assert from "node:assert/strict";
import { waitFor } from "@trax/peers";
import type { Account } from "../src/account.ts";
import { at, listAt, textAt } from "../src/json.ts";
import { bearer, send } from "../src/http.ts";
import { promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";
import { closedAddress } from "../src/world.ts";

// What the stream routes promise where no media is involved.

type Studio = { readonly account: Account; readonly path: string; readonly id: string };

async function newStudio(): Promise<Studio> {
  const account = await freshAccount();
  const studio = { name: "Show", program: { mode: "passthrough" } };
  const id = textAt((await account.ask("POST", "/v1/studios", studio)).json, "id");
  return { account, id, path: `/v1/studios/${id}` };
}

/** A studio without a source that was on air until its recording was there, and where that is downloaded. */
async function recorded(): Promise<{ readonly account: Account; readonly url: string }> {
  const studio = await newStudio();
  const { account, path } = studio;
  const program = { mode: "composed", width: 320, height: 180, frameRate: 10, videoBitrate: 500_000 };
  await account.ask("PATCH", path, { program, recording: { enabled: true } });
  const live = await account.ask("POST", `${path}/go-live`, { allowNoDestinations: true });
  const broadcast = `${path}/broadcasts/${textAt(live.json, "broadcastId")}`;
  const recording = async () => at((await account.ask("GET", broadcast)).json, "recordings", 0);
  await waitFor("it is written", async () => Number(at(await recording(), "sizeBytes") ?? 0) > 0, 60_000);
  await account.ask("POST", `${path}/go-offline`);
  await waitFor("it is ready", async () => at(await recording(), "status") === "ready");
  return { account, url: textAt(await recording(), "downloadUrl") };
}

async function isOffline({ account, path }: Studio): Promise<void> {
  await waitFor(
    "the studio is offline",
    async () => at((await account.ask("GET", `${path}/stream-status`)).json, "state") === "offline",
  );
}

promise("getStreamStatus", "happy", "nothing is on air", async () => {
  const { account, path, id } = await newStudio();
  const { json } = await account.ask("GET", `${path}/stream-status`);
  assert.deepEqual(
    ["studioId", "state", "broadcastId", "startedAt", "sources", "destinations"].map((name) => at(json, name)),
    [id, "offline", null, null, [], []],
  );
  assert.equal(at(json, "health", "level"), "offline");
});

promise("goLive", "no_enabled_destination", "none at all, or none that is enabled", async () => {
  const { account, path } = await newStudio();
  for (const json of [undefined, {}, { allowNoDestinations: false }]) {
    assertRefused(await account.ask("POST", `${path}/go-live`, json), "no_enabled_destination");
  }
  await account.ask("POST", `${path}/destinations`, { name: "Out", url: closedAddress, enabled: false });
  assertRefused(await account.ask("POST", `${path}/go-live`), "no_enabled_destination", "a disabled one");
  assert.equal(at((await account.ask("GET", `${path}/stream-status`)).json, "state"), "offline");
});

promise("goLive", "happy", "starting at once; twice is once", async () => {
  const studio = await newStudio();
  const { account, path } = studio;
  await account.ask("POST", `${path}/destinations`, { name: "Out", url: closedAddress });
  const first = await account.ask("POST", `${path}/go-live`);
  assert.deepEqual([first.status, at(first.json, "state"), at(first.json, "startedAt")], [200, "starting", null]);
  const broadcast = textAt(first.json, "broadcastId");
  const again = await account.ask("POST", `${path}/go-live`, {});
  assert.deepEqual([again.status, at(again.json, "broadcastId")], [200, broadcast]);
  const status = await account.ask("GET", `${path}/stream-status`);
  assert.equal(at(status.json, "state"), "starting", "no source: it waits, and does not claim to be live");
  assert.notEqual(at(status.json, "health", "level"), "good");
  assert.ok(listAt(status.json, "health", "reasons").length > 0, "it says what it waits for");
  assert.equal((await account.ask("POST", `${path}/go-offline`)).status, 200);
  await isOffline(studio);
});

promise("goLive", "happy", "twenty at once are one broadcast", async () => {
  const studio = await newStudio();
  const { account, path } = studio;
  const asks = Array.from({ length: 20 }, () => account.ask("POST", `${path}/go-live`, { allowNoDestinations: true }));
  const answers = await Promise.all(asks);
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(new Set(answers.map(({ json }) => at(json, "broadcastId"))).size, 1);
  assert.equal(listAt((await account.ask("GET", `${path}/broadcasts`)).json, "data").length, 1);
  await account.ask("POST", `${path}/go-offline`);
  await isOffline(studio);
});

promise("goOffline", "happy", "of one that is off already, and of one that is starting", async () => {
  const studio = await newStudio();
  const { account, path } = studio;
  const off = await account.ask("POST", `${path}/go-offline`);
  assert.deepEqual([off.status, at(off.json, "state")], [200, "offline"]);
  await account.ask("POST", `${path}/go-live`, { allowNoDestinations: true });
  const stopping = await account.ask("POST", `${path}/go-offline`, {});
  assert.equal(stopping.status, 200);
  assert.match(textAt(stopping.json, "state"), /^(stopping|offline)$/);
  await isOffline(studio);
});

promise("listBroadcasts", "happy", "each time on air, the newest first", async () => {
  const studio = await newStudio();
  const { account, path } = studio;
  assert.deepEqual((await account.ask("GET", `${path}/broadcasts`)).json, { data: [], nextCursor: null });
  const ids: string[] = [];
  for (let index = 0; index < 2; index++) {
    ids.unshift(
      textAt((await account.ask("POST", `${path}/go-live`, { allowNoDestinations: true })).json, "broadcastId"),
    );
    await account.ask("POST", `${path}/go-offline`);
    await isOffline(studio);
  }
  const list = listAt((await account.ask("GET", `${path}/broadcasts`)).json, "data");
  assert.deepEqual(
    list.map((row) => at(row, "id")),
    ids,
  );
});

promise("getBroadcast", "happy", "what became of it", async () => {
  const studio = await newStudio();
  const { account, path, id } = studio;
  const broadcast = textAt(
    (await account.ask("POST", `${path}/go-live`, { allowNoDestinations: true })).json,
    "broadcastId",
  );
  const open = await account.ask("GET", `${path}/broadcasts/${broadcast}`);
  assert.deepEqual([at(open.json, "studioId"), at(open.json, "endedAt")], [id, null]);
  await account.ask("POST", `${path}/go-offline`);
  await isOffline(studio);
  const ended = await account.ask("GET", `${path}/broadcasts/${broadcast}`);
  assert.equal(at(ended.json, "endReason"), "requested");
  assert.ok(Date.parse(textAt(ended.json, "endedAt")) > 0);
});

promise("downloadRecording", "happy", "of a broadcast that was recorded", async () => {
  const { account, url } = await recorded();
  const answer = await fetch(url, { headers: { authorization: `Bearer ${account.key}` } });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "video/mp4");
  assert.match(answer.headers.get("content-disposition") ?? "", /^attachment; filename="trax-[\w.-]+\.mp4"$/);
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(bytes.subarray(4, 8).toString(), "ftyp", "it is an MP4 file");
  assert.equal(answer.headers.get("content-length"), String(bytes.length));
});

promise("downloadRecording", "range_not_satisfiable", "a part that begins after its end", async () => {
  const { account, url } = await recorded();
  const { baseUrl } = account.instance;
  const headers = { ...bearer(account.key), range: "bytes=99999999999-" };
  const beyond = await send(baseUrl, { method: "GET", path: url.slice(baseUrl.length), headers });
  assertRefused(beyond, "range_not_satisfiable");
  assert.match(beyond.headers["content-range"] ?? "", /^bytes \*\/\d+$/);
});

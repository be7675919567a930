import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Account } from "../src/account.ts";
import { at, listAt, textAt } from "../src/json.ts";
import { promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";
import { closedAddress } from "../src/world.ts";

type Studio = { readonly account: Account; readonly path: string };

async function newStudio(): Promise<Studio> {
  const account = await freshAccount();
  const { json } = await account.ask("POST", "/v1/studios", { name: "Show" });
  return { account, path: `/v1/studios/${textAt(json, "id")}/destinations` };
}

async function add({ account, path }: Studio, body: object) {
  const answer = await account.ask("POST", path, { name: "Out", url: closedAddress, ...body });
  assert.equal(answer.status, 201, answer.text);
  return { json: answer.json, path: `${path}/${textAt(answer.json, "id")}` };
}

const newStreamKey = (): string => `live_${randomBytes(12).toString("hex")}`;

promise(
  "createDestination",
  "happy",
  "its protocol is read from its URL, its stream key is taken and never given",
  async () => {
    const studio = await newStudio();
    for (const [url, protocol] of [
      ["rtmp://127.0.0.1:9/app", "rtmp"],
      ["rtmps://127.0.0.1:9/app?x=1", "rtmps"],
      ["srt://127.0.0.1:9?streamid=publish:x", "srt"],
      ["RTMP://[::1]:9/app", "rtmp"],
      ["http://127.0.0.1:9/live/whip", "whip"],
      ["https://not-found-anywhere.invalid/whip?x=1", "whip"],
      ["rtmp://not-found-anywhere.invalid/app", "rtmp"],
    ] as const) {
      const streamKey = newStreamKey();
      const { json, path } = await add(studio, { url, streamKey, platform: "twitch" });
      assert.deepEqual(
        ["url", "protocol", "platform", "enabled", "streamKeySet", "connectionId", "status", "lastError"].map((name) =>
          at(json, name),
        ),
        [url, protocol, "twitch", true, true, null, "idle", null],
      );
      for (const shown of [
        JSON.stringify(json),
        (await studio.account.ask("GET", path)).text,
        (await studio.account.ask("GET", studio.path)).text,
      ]) {
        assert.ok(!shown.includes(streamKey) && !shown.includes('"streamKey":'), "the key is not shown");
      }
    }
  },
);

promise(
  "createDestination",
  "invalid_request",
  "addresses of no use, and keys that would break a command",
  async () => {
    const { account, path } = await newStudio();
    const urls = [
      "file:///etc/passwd",
      "https://user:password@127.0.0.1/whip",
      "ftp://example.com",
      "rtmp://",
      "rtmp:///app",
      "rtmp:example.com",
      "x",
      "",
      "rtmp://a b/",
      'rtmp://h/"',
      "rtmp://h/\napp",
      "rtmp://user:password@127.0.0.1/app",
      "rtmp://127.0.0.1:0/app",
      "rtmp://127.0.0.1:99999/app",
      "srt://127.0.0.1",
    ];
    for (const url of urls)
      assertRefused(await account.ask("POST", path, { name: "Out", url }), "invalid_request", url);
    for (const streamKey of ["", "a\nb", "a\r\nb", "a b", "ключ", "x".repeat(501), "a\u0000b"]) {
      assertRefused(
        await account.ask("POST", path, { name: "Out", url: closedAddress, streamKey }),
        "invalid_request",
        streamKey,
      );
    }
    for (const delayMs of [-1, 60_001, 0.5, "1000", null])
      assertRefused(
        await account.ask("POST", path, { name: "Out", url: closedAddress, delayMs }),
        "invalid_request",
        String(delayMs),
      );
  },
);

/** Where nothing outside is: private, link-local, and this network in disguise. */
const inwards = [
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "0.0.0.0",
  "224.0.0.1",
  "255.255.255.255",
  "167772161",
  "0x0a000001",
  "012.0.0.1",
  "10.1",
  "[fe80::1]",
  "[fc00::1]",
  "[::]",
  "[::ffff:10.0.0.1]",
  "[64:ff9b::a00:1]",
  "[2002:a00:1::]",
];

for (const name of ["createDestination", "updateDestination"] as const) {
  promise(
    name,
    "destination_refused",
    "what leads into a network of our own, in every form it can be written",
    async () => {
      const studio = await newStudio();
      const { path } = await add(studio, {});
      for (const host of inwards) {
        for (const url of [`rtmp://${host}/app`, `srt://${host}:9000`, `https://${host}/whip`]) {
          const create = name === "createDestination";
          const answer = create
            ? await studio.account.ask("POST", studio.path, { name: "Out", url })
            : await studio.account.ask("PATCH", path, { url });
          assertRefused(answer, "destination_refused", url);
        }
      }
      assert.equal(at((await studio.account.ask("GET", path)).json, "url"), closedAddress, "nothing was changed");
    },
  );
}

promise("createDestination", "destination_refused", "a token that would be readable on its way", async () => {
  const { account, path } = await newStudio();
  const answer = await account.ask("POST", path, { name: "Out", url: "http://93.184.216.34/whip" });
  assertRefused(answer, "destination_refused");
});

promise("updateDestination", "happy", "how much later than the program it is sent", async () => {
  const studio = await newStudio();
  const { json, path } = await add(studio, { delayMs: 60_000 });
  assert.equal(at(json, "delayMs"), 60_000);
  assert.equal(at((await studio.account.ask("PATCH", path, { delayMs: 0 })).json, "delayMs"), 0);
  assert.equal(at((await add(studio, {})).json, "delayMs"), 0);
});

promise("getDestination", "happy", "as it was made", async () => {
  const studio = await newStudio();
  const { json, path } = await add(studio, { streamKey: newStreamKey(), enabled: false });
  assert.deepEqual((await studio.account.ask("GET", path)).json, json);
});

promise("listDestinations", "happy", "a studio's own, the newest first", async () => {
  const studio = await newStudio();
  assert.deepEqual((await studio.account.ask("GET", studio.path)).json, { data: [], nextCursor: null });
  const [older, newer] = [await add(studio, {}), await add(studio, {})];
  assert.deepEqual(listAt((await studio.account.ask("GET", studio.path)).json, "data"), [newer.json, older.json]);
});

promise("updateDestination", "happy", "a merge of what is given; null takes the key away", async () => {
  const studio = await newStudio();
  const { account } = studio;
  const { path } = await add(studio, {});
  const keyed = await account.ask("PATCH", path, { streamKey: newStreamKey() });
  assert.equal(at(keyed.json, "streamKeySet"), true);
  const moved = await account.ask("PATCH", path, {
    url: "rtmps://127.0.0.1:9/live",
    enabled: false,
    name: "B",
    platform: "kick",
  });
  assert.deepEqual(
    ["url", "protocol", "enabled", "name", "platform", "streamKeySet"].map((name) => at(moved.json, name)),
    ["rtmps://127.0.0.1:9/live", "rtmps", false, "B", "kick", true],
  );
  assert.equal(at((await account.ask("PATCH", path, { streamKey: null })).json, "streamKeySet"), false);
});

promise("deleteDestination", "happy", "it is gone", async () => {
  const studio = await newStudio();
  const { path } = await add(studio, {});
  assert.equal((await studio.account.ask("DELETE", path)).status, 204);
  assertRefused(await studio.account.ask("GET", path), "not_found");
  assertRefused(await studio.account.ask("DELETE", path), "not_found", "twice");
});

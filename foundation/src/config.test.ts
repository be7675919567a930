import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, readConfig, variables } from "./config.ts";

test("an empty environment gives the defaults", () => {
  const config = readConfig({});
  assert.equal(config.TRAX_HTTP_PORT, 8080);
  assert.equal(config.PUBLIC_API_WRITE_ENABLED, false);
  assert.deepEqual(config.TRAX_RATE_LIMIT, { requests: 600, seconds: 60 });
  assert.deepEqual(config.TRAX_ALLOWED_NETWORKS, []);
  assert.equal(config.DATABASE_URL, null);
});

const wrong: readonly (readonly [string, string])[] = [
  ["DATABASE_URL", "mysql://secret@host/db"],
  ["PUBLIC_API_WRITE_ENABLED", "perhaps"],
  ["TRAX_PUBLIC_URL", "ftp://host"],
  ["TRAX_HOST", "live.example.com"],
  ["TRAX_HTTP_PORT", "70000"],
  ["TRAX_SRT_PORT", "-1"],
  ["TRAX_SRT_PASSPHRASE", "tooshort"],
  ["TRAX_SRT_PASSPHRASE", "with a space"],
  ["TRAX_ALLOWED_NETWORKS", "10.0.0.0/8,everything"],
  ["TRAX_TRUSTED_PROXIES", "proxy.internal"],
  ["TRAX_RATE_LIMIT", "777"],
  ["TRAX_RATE_LIMIT", "0/61"],
  ["TRAX_ENCRYPTION_KEYS", "1:c2hvcnQ="],
  ["TRAX_ENCRYPTION_KEYS", `1:${Buffer.alloc(32, 1).toString("base64")},1:${Buffer.alloc(32, 2).toString("base64")}`],
  ["TRAX_LOG_LEVEL", "loud"],
];

for (const [name, value] of wrong) {
  test(`${name}=${value} is refused by name, and its value is not repeated`, () => {
    assert.throws(
      () => readConfig({ [name]: value }),
      (error) => error instanceof ConfigError && error.message.startsWith(name) && !error.message.includes(value),
    );
  });
}

test("everything wrong is told at once", () => {
  assert.throws(() => readConfig({ TRAX_HTTP_PORT: "x", TRAX_LOG_LEVEL: "x" }), /TRAX_HTTP_PORT[^]*TRAX_LOG_LEVEL/);
});

test("every variable is read under its own name", () => {
  assert.deepEqual(Object.keys(readConfig({})).toSorted(), [...Object.keys(variables), "platformSettings"].toSorted());
});

test("what is set for platforms is kept as it is, and is not shown", () => {
  const { platformSettings } = readConfig({
    TRAX_TWITCH_CLIENT_SECRET: "s3cret",
    TRAX_HTTP_PORT: "1",
    OTHER_TWITCH_X: "x",
  });
  assert.deepEqual([...platformSettings.keys()], ["TRAX_TWITCH_CLIENT_SECRET"]);
  assert.equal(platformSettings.get("TRAX_TWITCH_CLIENT_SECRET")?.reveal(), "s3cret");
  assert.ok(!JSON.stringify([...platformSettings]).includes("s3cret"));
});

test("an encryption key cannot be seen by accident", () => {
  const secret = Buffer.alloc(32, 7).toString("base64");
  const config = readConfig({ TRAX_ENCRYPTION_KEYS: `a:${secret}`, DATABASE_URL: "postgres://u:hunter2@h/d" });
  const shown = JSON.stringify(config) + String(config.DATABASE_URL);
  assert.ok(!shown.includes(secret) && !shown.includes("hunter2"));
});

test("ICE servers: STUN without, TURN with a credential, which is never printed", () => {
  const { TRAX_ICE_SERVERS: servers } = readConfig({
    TRAX_ICE_SERVERS:
      "stun:stun.example.com:3478, turn:ada:s3cret@turn.example.com:3478?transport=udp,turns:a:b@[::1]:5349",
  });
  assert.deepEqual(
    servers.map(({ url, username, password }) => [url, username, password?.reveal() ?? null]),
    [
      ["stun:stun.example.com:3478", null, null],
      ["turn:turn.example.com:3478?transport=udp", "ada", "s3cret"],
      ["turns:[::1]:5349", "a", "b"],
    ],
  );
  assert.doesNotMatch(JSON.stringify(servers), /s3cret/);
  for (const refused of ["turn:turn.example.com:3478", "stun:a:b@stun.example.com", "http://stun.example.com", "stun:"])
    assert.throws(() => readConfig({ TRAX_ICE_SERVERS: refused }), /TRAX_ICE_SERVERS is not valid/, refused);
});

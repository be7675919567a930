import assert from "node:assert/strict";
import { access, mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { holdPort } from "./ports/probe.ts";
import { isAlive, waitUntilGone } from "./process/process-table.ts";
import { launch, leftProcesses, readStatus, run, stop, temporaryDirectory, up } from "./test-support/launch.ts";

describe("./trax up", { concurrency: 3 }, () => {
  test("an instance starts, tells where it is, and leaves nothing behind after Ctrl-C", async (context) => {
    const directory = await temporaryDirectory(context);
    const data = join(directory, "data");
    const readyFile = join(directory, "ready.json");
    const instance = await up(data, {}, "--ready-file", readyFile);
    assert.match(instance.output(), /127\.0\.0\.0\/8,::1\/128/);
    assert.match(instance.output(), /shown this once/);

    const ready: unknown = JSON.parse(await readFile(readyFile, "utf8"));
    assert.ok(typeof ready === "object" && ready !== null);
    assert.deepEqual(Object.keys(ready), ["baseUrl", "rtmpUrl", "rtmpsUrl", "srtUrl", "whipUrl", "operatorUrl"]);
    const { pids, text } = await readStatus(data);
    assert.deepEqual([...pids.keys()], ["supervisor", "postgres", "media-agent", "control", "mediamtx", "relay"]);
    assert.equal(pids.get("supervisor"), instance.child.pid);
    for (const value of Object.values(ready)) assert.ok(text.includes(JSON.stringify(value)));
    assert.equal((await stat(join(data, "encryption-keys"))).mode & 0o777, 0o600);

    assert.deepEqual(await stop(instance), { code: 0, signal: null });
    assert.deepEqual(await waitUntilGone([...pids.values()], 0), []);
    assert.deepEqual(await leftProcesses(data), []);
    await assert.rejects(access(readyFile));

    const again = await up(data);
    assert.doesNotMatch(again.output(), /shown this once/);
    for (const signal of ["SIGTERM", "SIGHUP"] as const) {
      const one = signal === "SIGTERM" ? again : await up(data);
      assert.deepEqual(await stop(one, signal), { code: 0, signal: null });
    }
    assert.deepEqual(await leftProcesses(data), []);
  });

  test("two instances run side by side, and a second on the same data is refused", async (context) => {
    const one = await temporaryDirectory(context);
    const other = await temporaryDirectory(context);
    const [first] = await Promise.all([up(one), up(other)]);
    const statuses = await Promise.all([readStatus(one), readStatus(other)]);
    assert.equal(new Set(statuses.flatMap(({ pids }) => [...pids.values()])).size, 10);

    const { code, output } = await run(["up", "--data", one]);
    assert.equal(code, 1);
    assert.match(output, new RegExp(`already running on ${one} \\(pid ${first.child.pid}\\)`));
    assert.equal((await run(["status", "--data", one])).code, 0);
  });

  test("admin commands run with the environment of the instance", async (context) => {
    const data = await temporaryDirectory(context);
    await up(data);
    const key = ["admin", "create-key", "--email", "e@example.com", "--name", "n", "--scopes", "all"];
    const { code, output } = await run([...key, "--expires-in", "30d", "--data", data]);
    assert.equal(code, 0, output);
    assert.deepEqual(JSON.parse(output), {
      id: "key_stub",
      secret: "sk_live_stub",
      asked: ["create-key", "--email=e@example.com", "--name=n", "--scopes=all", "--expires-in=30d"],
      data,
    });
  });

  test("what is killed is started again under the same addresses", async (context) => {
    const data = await temporaryDirectory(context);
    const instance = await up(data);
    const before = await readStatus(data);
    for (const name of ["control", "media-agent", "postgres"]) {
      const pid = before.pids.get(name);
      assert.ok(pid !== undefined);
      process.kill(pid, "SIGKILL");
      await instance.shows(`${name} is back`);
    }
    const after = await readStatus(data);
    for (const name of ["control", "media-agent", "postgres"])
      assert.notEqual(after.pids.get(name), before.pids.get(name));
    const addresses = (text: string): readonly string[] => text.match(/"\w+Url": "[^"]*"/g) ?? [];
    assert.deepEqual(addresses(after.text), addresses(before.text));
    assert.deepEqual(await stop(instance), { code: 0, signal: null });
    assert.deepEqual(await leftProcesses(data), []);
  });

  test("after kill -9 of the supervisor the next start ends what it left and goes on", async (context) => {
    const data = await temporaryDirectory(context);
    const killed = await up(data);
    const { pids } = await readStatus(data);
    killed.child.kill("SIGKILL");
    await killed.exited;
    const postgres = pids.get("postgres");
    assert.ok(postgres !== undefined && (await isAlive(postgres)));
    assert.equal((await run(["status", "--data", data])).code, 1);

    const next = await up(data);
    assert.deepEqual(await waitUntilGone([...pids.values()], 0), []);
    assert.deepEqual(await stop(next), { code: 0, signal: null });
    assert.deepEqual(await leftProcesses(data), []);
  });

  test("everything killed at once is no obstacle to the next start", async (context) => {
    const data = await temporaryDirectory(context);
    const killed = await up(data);
    const { pids } = await readStatus(data);
    for (const pid of pids.values()) process.kill(pid, "SIGKILL");
    await killed.exited;
    assert.deepEqual(await stop(await up(data)), { code: 0, signal: null });
  });

  test("a second signal ends at once what does not end by itself", async (context) => {
    const data = await temporaryDirectory(context);
    const instance = await up(data, { STUB_MEDIA_IGNORES_SIGTERM: "1" });
    instance.child.kill("SIGINT");
    await instance.shows("SIGINT: stopping");
    assert.deepEqual(await stop(instance, "SIGTERM"), { code: 143, signal: null });
    assert.deepEqual(await leftProcesses(data), []);
  });

  test("a signal during the start stops what has been started", async (context) => {
    const data = await temporaryDirectory(context);
    const starting = launch(["up", "--data", data]);
    await starting.shows("MediaMTX");
    assert.deepEqual(await stop(starting, "SIGTERM"), { code: 0, signal: null });
    assert.doesNotMatch(starting.output(), /TRaX is up/);
    assert.deepEqual(await leftProcesses(data), []);
  });

  test("a start that fails says why and what to do, and leaves nothing", async (context) => {
    const directory = await temporaryDirectory(context);
    const data = join(directory, "data");
    const readyFile = join(directory, "ready.json");
    const failed = launch(["up", "--data", data, "--ready-file", readyFile], { STUB_CONTROL_FAILS: "1" });
    assert.deepEqual(await failed.exited, { code: 1, signal: null });
    assert.match(failed.output(), /control ended with status 3 before it was ready\n {2}the stub was told to fail/);
    assert.match(failed.output(), /hint: Its log is .*control\.log/);
    await assert.rejects(access(readyFile));
    assert.deepEqual(await leftProcesses(data), []);
  });

  test("a taken port and a wrong value are said before anything starts", async (context) => {
    const data = await temporaryDirectory(context);
    const held = await holdPort("tcp", "0.0.0.0", 0);
    context.after(() => held.release());
    const taken = launch(["up", "--data", data], { TRAX_HTTP_PORT: String(held.port) });
    assert.deepEqual(await taken.exited, { code: 1, signal: null });
    assert.match(taken.output(), new RegExp(`TRAX_HTTP_PORT: TCP port ${held.port} is taken by another process`));

    const wrong = launch(["up", "--data", data], { TRAX_SRT_PORT: "many" });
    assert.deepEqual(await wrong.exited, { code: 1, signal: null });
    assert.match(wrong.output(), /TRAX_SRT_PORT is not valid: it takes a port number/);
  });

  test("a data directory with a long path, spaces and quotes works", async (context) => {
    const data = join(await temporaryDirectory(context), `it's "data", ${"x".repeat(120)}`);
    const instance = await up(data);
    assert.equal((await run(["status", "--data", data])).code, 0);
    assert.deepEqual(await stop(instance), { code: 0, signal: null });
  });

  test("data in a place that is closed to the database's user works", async (context) => {
    const closed = join(await temporaryDirectory(context), "closed");
    await mkdir(closed, { mode: 0o700 });
    const data = join(closed, "data");
    assert.deepEqual(await stop(await up(data)), { code: 0, signal: null });
    assert.deepEqual(await stop(await up(data)), { code: 0, signal: null });
  });
});

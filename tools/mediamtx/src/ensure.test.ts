import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readCache, writeCache } from "./binary.ts";
import { ensureMediaMtx } from "./ensure.ts";
import { withLock } from "./lock.ts";
import { pinnedVersion } from "./pinned.ts";

describe("getting MediaMTX", () => {
  let directory: string;
  const environment = { PATH: process.env["PATH"], TRAX_MEDIAMTX_BINARY: process.env["TRAX_MEDIAMTX_BINARY"] };

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "trax-mediamtx-"));
    delete process.env["TRAX_MEDIAMTX_BINARY"];
  });
  after(async () => {
    for (const [name, value] of Object.entries(environment))
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    await rm(directory, { recursive: true, force: true });
  });

  async function pretend(name: string, version: string): Promise<string> {
    const path = join(directory, name);
    await writeFile(path, `#!/bin/sh\necho ${version}\n`);
    await chmod(path, 0o755);
    return path;
  }

  test("what is cached is used only while it is byte for byte what was put there", async () => {
    const cacheDir = join(directory, "cache");
    const cached = await writeCache(cacheDir, await pretend("some", pinnedVersion));
    assert.deepEqual(await ensureMediaMtx({ cacheDir, log: () => {} }), {
      path: cached,
      version: pinnedVersion,
      how: "cache",
    });
    await writeFile(cached, `${await readFile(cached, "utf8")}# changed\n`);
    assert.equal(await readCache(cacheDir), null);
  });

  test("the pinned version on PATH is used, another one is not, and an interruption leaves nothing behind", async () => {
    const lines: string[] = [];
    const log = (line: string): void => void lines.push(line);
    process.env["PATH"] = directory;
    const onPath = await pretend("mediamtx", pinnedVersion);
    assert.deepEqual(await ensureMediaMtx({ cacheDir: join(directory, "none"), log }), {
      path: onPath,
      version: pinnedVersion,
      how: "path",
    });

    await writeFile(onPath, "#!/bin/sh\necho v1.0.0\n");
    const refused = AbortSignal.abort(new Error("interrupted"));
    await assert.rejects(
      ensureMediaMtx({ cacheDir: join(directory, "none"), log, signal: refused }),
      /interrupted|abort/i,
    );
    assert.deepEqual(await readdir(join(directory, "none")), []);
    process.env["PATH"] = environment.PATH;
  });

  test("TRAX_MEDIAMTX_BINARY beats everything, and says so when it does not run", async () => {
    const path = await pretend("chosen", "v9.9.9");
    process.env["TRAX_MEDIAMTX_BINARY"] = path;
    assert.deepEqual(await ensureMediaMtx({ log: () => {} }), { path, version: "v9.9.9", how: "path" });
    process.env["TRAX_MEDIAMTX_BINARY"] = join(directory, "absent");
    await assert.rejects(ensureMediaMtx({ log: () => {} }), /TRAX_MEDIAMTX_BINARY .* does not run/);
    delete process.env["TRAX_MEDIAMTX_BINARY"];
  });

  test("of two at once, the second waits until the first is done", async () => {
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const a = withLock(
      directory,
      () => order.push("a waits"),
      async () => {
        order.push("a starts");
        await first.promise;
        order.push("a ends");
      },
    );
    const b = withLock(
      directory,
      () => {
        order.push("b waits");
        first.resolve();
      },
      async () => void order.push("b works"),
    );
    await Promise.all([a, b]);
    assert.deepEqual(order, ["a starts", "b waits", "a ends", "b works"]);
  });
});

import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { readConfig } from "@trax/foundation/config";
import { openLog } from "@trax/foundation/log";
import { loadPlatforms, openPlatforms, variableOf } from "./registry.ts";

const source = (name: string): string => `
export const platform = {
  name: "${name}",
  title: "New",
  capabilities: {},
  settings: { CLIENT_ID: { about: "", takes: "", otherwise: "default" } },
  open: (context) => ({ link: async () => ({ accountName: context.setting("CLIENT_ID") }) }),
};`;

test("a new platform is one folder, with settings of its own", async (context) => {
  const path = await mkdtemp(join(tmpdir(), "trax-platforms-"));
  context.after(() => rm(path, { recursive: true }));
  const directory = pathToFileURL(`${path}/`);
  await mkdir(join(path, "new-one"));
  await writeFile(join(path, "new-one", "index.ts"), source("new-one"));
  const platforms = await loadPlatforms(directory);
  assert.deepEqual(
    platforms.map(({ name }) => name),
    ["new-one"],
  );
  const named = async (environment: Record<string, string>): Promise<string | undefined> => {
    const registry = openPlatforms(platforms, {
      settings: readConfig(environment).platformSettings,
      allowedNetworks: [],
      publicUrl: "http://127.0.0.1",
      database: {
        query: () => Promise.reject(new Error("no database")),
        transaction: () => Promise.reject(new Error("no database")),
        close: () => Promise.resolve(),
      },
      log: openLog("test", "silent"),
    });
    try {
      return (await registry.find("new-one")?.client?.link?.({}))?.accountName;
    } finally {
      registry.close();
    }
  };
  assert.equal(await named({ [variableOf("new-one", "CLIENT_ID")]: "mine" }), "mine");
  assert.equal(await named({ TRAX_NEW_ONE_CLIENT_ID: "" }), "default");
  await mkdir(join(path, "other"));
  await writeFile(join(path, "other", "index.ts"), source("another"));
  await assert.rejects(loadPlatforms(directory), /platforms\/other/);
});

test("the platforms that there are each say of themselves what they are", async () => {
  const names = (await loadPlatforms()).map(({ name }) => name);
  for (const name of ["kick", "twitch", "youtube"]) assert.ok(names.includes(name), name);
});

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Account } from "../src/account.ts";
import { at, listAt, textAt } from "../src/json.ts";
import { behaviour } from "../src/promise.ts";
import { freshAccount } from "../src/shared-account.ts";
import { ensureSchemathesis, run } from "./tool.ts";

/** What it took live would be made and encoded for as long as the instance runs. */
async function takeOffline(account: Account): Promise<void> {
  for (let cursor: unknown = ""; cursor !== null;) {
    const page = await account.ask("GET", `/v1/studios?limit=100${cursor === "" ? "" : `&cursor=${String(cursor)}`}`);
    for (const studio of listAt(page.json, "data"))
      await account.ask("POST", `/v1/studios/${textAt(studio, "id")}/go-offline`);
    cursor = at(page.json, "nextCursor") ?? null;
  }
}

behaviour("Schemathesis, all checks on, finds nothing in the whole contract", async () => {
  const schemathesis = await ensureSchemathesis();
  const account = await freshAccount();
  const config = fileURLToPath(new URL("schemathesis.toml", import.meta.url));
  const document = `${account.instance.baseUrl}/v1/openapi.json`;
  const { status, text } = await run(
    schemathesis,
    ["--config-file", config, "run", document, "--checks", "all", "--no-color"],
    { cwd: account.instance.dataDir, env: { TRAX_BASE_URL: account.instance.baseUrl, TRAX_API_KEY: account.key } },
  );
  await takeOffline(account);
  assert.equal(status, 0, text.slice(0, 20_000));
  const [, selected, total] = /(\d+) selected \/ (\d+) total/.exec(text) ?? [];
  assert.ok(Number(total) > 20 && selected === total, `the whole contract:\n${text.slice(0, 2_000)}`);
});

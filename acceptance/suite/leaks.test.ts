import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tempDirectory, waitFor } from "@trax/peers";
import { instanceStatus } from "../src/admin.ts";
import { findLeaks } from "../src/leak-search.ts";
import { at, listAt, textAt } from "../src/json.ts";
import { makeShow } from "../src/media/show.ts";
import { publish } from "../src/media/publishing.ts";
import { descendantsOf } from "../src/process-search.ts";
import { behaviour } from "../src/promise.ts";
import { knownSecrets } from "../src/secrets.ts";
import { freshAccount } from "../src/shared-account.ts";
import { closedAddress } from "../src/world.ts";

// Whatever passed through the suites' hands is looked for again when an instance
// stops (instance.ts); here while a show is on air, and everywhere else it could be.

behaviour(
  "while a show is on air, no secret is in a process's arguments, a log, a status or the metrics",
  async (context) => {
    const show = await makeShow(await freshAccount());
    context.after(() => show.goOffline());
    const { account } = show;
    const { instance } = account;
    const streamKey = `live_${randomBytes(12).toString("hex")}`;
    const keys = ["rtmp", "rtmps", "srt"].map((scheme) => ({ url: closedAddress.replace("rtmp", scheme), streamKey }));
    for (const destination of keys) await show.addDestination(destination);
    const { session } = await show.addSource();
    await publish(context, session.ingest, "rtmp");
    await show.untilOnline(session.sourceId ?? "");
    await show.goLive();
    await show.until("every destination was tried", ({ destinations }) =>
      destinations.every(({ lastError }) => lastError !== null),
    );

    const secrets = knownSecrets();
    for (const secret of [streamKey, session.token, account.key, account.password]) {
      assert.ok(secrets.includes(secret), "the suites know what to look for");
    }
    const listed = listAt(await instanceStatus(instance), "processes");
    const supervisor = listed.find((one) => at(one, "name") === "supervisor");
    const processes = await descendantsOf(Number(at(supervisor, "pid")));
    for (const one of listed) {
      if (one !== supervisor)
        assert.ok(
          processes.some(({ pid }) => pid === at(one, "pid")),
          `${textAt(one, "name")} is found`,
        );
    }
    assert.deepEqual(await findLeaks(instance.dataDir, processes), []);
    const metrics = await fetch(`${instance.operatorUrl}/metrics`);
    assert.equal(metrics.status, 200);
    const seen = [
      await metrics.text(),
      ...(await Promise.all(
        ["", "/stream-status", "/destinations", "/broadcasts", "/sources"].map(
          async (path) => (await show.ask("GET", path)).text,
        ),
      )),
    ];
    for (const text of seen) for (const secret of secrets) assert.ok(!text.includes(secret), "a secret is shown");
  },
);

behaviour("what is searched is where requests are logged", async () => {
  const account = await freshAccount();
  const id = randomUUID();
  const answer = await account.ask("GET", "/v1/me", undefined, { "x-request-id": id });
  assert.equal(at(answer.json, "account", "id"), account.id);
  const directory = join(account.instance.dataDir, "log");
  await waitFor("the request is in a log", async () => {
    for (const file of await readdir(directory))
      if ((await readFile(join(directory, file), "utf8")).includes(id)) return true;
    return false;
  });
});

behaviour("a secret in a log or an argument would be found, and is not repeated when it is told", async (context) => {
  const account = await freshAccount();
  const { path, remove } = await tempDirectory("leaks");
  context.after(remove);
  await mkdir(join(path, "log"));
  await writeFile(join(path, "log", "control.log"), `{"msg":"signed in with ${account.password}"}\n`);
  const found = await findLeaks(path, [{ pid: 1, startedAt: "1", commandLine: `relay --token ${account.key}` }]);
  assert.equal(found.length, 2, found.join("\n"));
  for (const line of found) for (const secret of knownSecrets()) assert.ok(!line.includes(secret));
});

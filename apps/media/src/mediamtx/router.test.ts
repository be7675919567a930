import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { newId } from "@trax/foundation/ids";
import { Secret } from "@trax/foundation/secret";
import { ensureMediaMtx, startChild, startFfmpegPublisher, tempDirectory, waitFor } from "@trax/peers";
import { RouterApi } from "./api.ts";
import { processStartTime } from "./process.ts";
import { Router } from "./router.ts";
import { readRouterState } from "./state-file.ts";
import {
  decideByToken,
  goodToken,
  startTestRouter,
  testAddresses,
  testPassword,
  type TestRouter,
} from "./test-router.ts";

async function online(it: TestRouter): Promise<Awaited<ReturnType<RouterApi["path"]>> & {}> {
  return waitFor("the source is online", async () => {
    const path = await it.router.api.path(it.path);
    return path !== null && path.online && path.video?.width !== null ? path : null;
  });
}

const offline = (it: TestRouter): Promise<unknown> =>
  waitFor("the source is offline", async () => (await it.router.api.path(it.path))?.online !== true);

async function readOneSecond(url: string): Promise<number | string> {
  const player = await startChild("ffmpeg", ["-rw_timeout", "8000000", "-i", url, "-t", "1", "-f", "null", "-"]);
  return player.exited;
}

describe("the router", { concurrency: 2 }, () => {
  describe("publishing to it", { concurrency: 1 }, () => {
    let it: TestRouter;
    before(async () => {
      it = await startTestRouter();
    });
    after(() => it.stop());

    for (const protocol of ["rtmp", "rtmps", "srt"] as const)
      test(`${protocol}: the right token publishes, the API tells what arrives, and a kick ends it`, async () => {
        const questions = it.asked.length;
        const publisher = await startFfmpegPublisher({ url: it[`${protocol}Url`](goodToken) });
        try {
          const path = await online(it);
          assert.deepEqual(path.video, { codec: "h264", width: 320, height: 180, frameRate: null });
          assert.deepEqual(path.audio, { codec: "aac", sampleRate: 48_000, channels: 2 });
          assert.equal(path.publisher?.protocol, protocol);
          const question = it.asked[questions];
          assert.equal(question?.action, "publish");
          assert.equal(question?.path, it.path);
          assert.equal(question?.protocol, protocol === "rtmps" ? "rtmp" : protocol);
          assert.equal(question?.connectionId, path.publisher?.id);
          const clients = await it.router.api.clients(protocol);
          assert.deepEqual(
            clients.map(({ id, state, path: name }) => ({ id, state, name })),
            [{ id: path.publisher?.id, state: "publish", name: it.path }],
          );
          await waitFor("bytes", async () => ((await it.router.api.path(it.path))?.inboundBytes ?? 0) > 50_000);

          assert.ok(path.publisher);
          assert.equal(await it.router.api.kick(path.publisher), true);
          assert.notEqual(await publisher.exited, 0);
          await offline(it);
          assert.equal(await it.router.api.kick(path.publisher), false);
        } finally {
          await publisher.stop();
        }
      });

    test("a wrong token is refused over each protocol, and no log holds it", async () => {
      const urls = (["rtmp", "rtmps", "srt"] as const).map((protocol) => it[`${protocol}Url`]("a-wrong-token"));
      await Promise.all(
        urls.map(async (url) => {
          const publisher = await startFfmpegPublisher({ url });
          assert.notEqual(await publisher.exited, 0);
        }),
      );
      assert.equal((await it.router.api.path(it.path))?.online ?? false, false);
      const log = await readFile(join(it.options.dataDir, "log/mediamtx.log"), "utf8");
      assert.match(log, /failed to authenticate/);
      assert.doesNotMatch(log, /a-wrong-token|a-good-token|the-agents-own-secret/);
    });

    test("a second publisher is refused, and the first goes on undisturbed", async () => {
      const first = await startFfmpegPublisher({ url: it.rtmpUrl(goodToken) });
      try {
        const publisherOf = (await online(it)).publisher;
        const others = [it.srtUrl(goodToken), it.rtmpUrl(goodToken), it.rtmpsUrl(goodToken)];
        await Promise.all(
          others.map(async (url) => {
            const second = await startFfmpegPublisher({ url });
            assert.notEqual(await second.exited, 0);
          }),
        );
        const path = await online(it);
        assert.deepEqual(path.publisher, publisherOf);
        const { inboundBytes } = path;
        await waitFor(
          "the first's bytes",
          async () => ((await it.router.api.path(it.path))?.inboundBytes ?? 0) > inboundBytes,
        );
        assert.equal(first.hasExited(), false);
      } finally {
        await first.stop();
        await offline(it);
      }
    });

    test("our own workers read with the agent's secret, others with a token or not at all", async () => {
      const publisher = await startFfmpegPublisher({ url: it.rtmpUrl(goodToken) });
      try {
        await online(it);
        const wrong = it.internalRtmpUrl.replace(testPassword.reveal(), "guess");
        const [own, other, refused] = await Promise.all(
          [it.internalRtmpUrl, it.rtmpUrl(goodToken), wrong].map(readOneSecond),
        );
        assert.deepEqual([own, other], [0, 0]);
        assert.notEqual(refused, 0);
      } finally {
        await publisher.stop();
        await offline(it);
      }
    });

    test("the API refuses whoever has not the agent's secret", async () => {
      const state = await readRouterState(join(it.options.dataDir, "run/mediamtx.json"));
      await assert.rejects(new RouterApi(state?.apiPort ?? 0, new Secret("guess"), 6000).paths(), /answered 401/);
    });
  });

  test("with a passphrase SRT is published and read by it, and by nobody without it", async () => {
    const directory = await tempDirectory("passphrase");
    const addresses = await testAddresses(directory.path);
    const passphrase = new Secret("a.Long-pass_phrase");
    const it = await startTestRouter({ addresses: { ...addresses, srt: { ...addresses.srt, passphrase } } });
    const by = (url: string) => `${url}&passphrase=${passphrase.reveal()}`;
    const publisher = await startFfmpegPublisher({ url: by(it.srtUrl(goodToken)) });
    try {
      await online(it);
      const readUrl = it.srtUrl(goodToken).replace("publish:", "read:");
      const elsewhere = it.srtUrl(goodToken).replace(it.sourceId, newId("source"));
      const codes = await Promise.all([
        ...[by(readUrl), readUrl, by(readUrl).slice(0, -1)].map(readOneSecond),
        startFfmpegPublisher({ url: elsewhere }).then(({ exited }) => exited),
      ]);
      assert.deepEqual(
        codes.map((code) => code === 0),
        [true, false, false, false],
      );
      assert.ok(!(await readFile(join(it.options.dataDir, "log/mediamtx.log"), "utf8")).includes(passphrase.reveal()));
    } finally {
      await publisher.stop();
      await it.stop();
      await directory.remove();
    }
  });

  describe("its process", { concurrency: 2 }, () => {
    test("killed, it is back by itself on the same addresses", async () => {
      const events: string[] = [];
      const it = await startTestRouter({
        onStarted: () => void events.push("started"),
        onLost: () => void events.push("lost"),
      });
      try {
        const { pid } = it.router;
        process.kill(pid, "SIGKILL");
        await waitFor("it is back", () => events.length === 3);
        assert.deepEqual(events, ["started", "lost", "started"]);
        assert.notEqual(it.router.pid, pid);
        const publisher = await startFfmpegPublisher({ url: it.srtUrl(goodToken) });
        await online(it);
        await publisher.stop();
      } finally {
        await it.stop();
      }
      assert.equal(await processStartTime(it.router.pid), null);
    });

    test("stuck, it is killed and is back by itself", async () => {
      const events: string[] = [];
      const it = await startTestRouter({
        onStarted: () => void events.push("started"),
        onLost: () => void events.push("lost"),
      });
      try {
        process.kill(it.router.pid, "SIGSTOP");
        const { router } = it;
        // The agent asks four times a second, each time for two seconds at the most.
        await waitFor(
          "it is back",
          async () => {
            await router.paths().catch(() => undefined);
            return events.length === 3;
          },
          30_000,
        );
        assert.deepEqual(events, ["started", "lost", "started"]);
      } finally {
        await it.stop();
      }
    });

    test("a killed agent's router goes on, and the next agent takes it over without disturbing the publisher", async () => {
      const directory = await tempDirectory("adoption");
      const addresses = await testAddresses(directory.path);
      const { path: binary } = await ensureMediaMtx({ log: () => undefined });
      const agentArguments = [
        join(import.meta.dirname, "test-agent.ts"),
        binary,
        directory.path,
        JSON.stringify(addresses),
      ];
      const agent = await startChild(process.execPath, agentArguments);
      const pid = Number(await waitFor("the first agent's router", () => /router (\d+)/.exec(agent.output())?.[1]));
      const path = "in/src_01jdxv3k5se0g8m0q3r7y9zabc";
      const publisher = await startFfmpegPublisher({
        url: `srt://${addresses.srt.address}?streamid=publish:${path}:session:${goodToken}`,
      });
      const options = {
        binary,
        dataDir: directory.path,
        addresses,
        internalPassword: new Secret("another agent's secret"),
        decide: decideByToken,
      };
      try {
        await publisher.waitForFrames(30);
        agent.signal("SIGKILL");
        await agent.exited;

        const adopted: boolean[] = [];
        const second = await Router.start({ ...options, onStarted: (started) => void adopted.push(started.adopted) });
        assert.deepEqual(adopted, [true]);
        assert.equal(second.pid, pid);
        const frames = publisher.frames();
        await publisher.waitForFrames(frames + 30);
        assert.equal((await second.api.path(path))?.online, true);

        // Not our child, and yet its death is noticed and mended.
        process.kill(pid, "SIGKILL");
        await waitFor("a new router", async () => second.pid !== pid && (await processStartTime(second.pid)) !== null);
        await waitFor("it answers", () => second.api.version().catch(() => null));
        await second.stop();
      } finally {
        await agent.stop();
        await publisher.stop();
        await directory.remove();
      }
    });

    test("with another configuration, what a killed agent left is stopped first", async () => {
      const directory = await tempDirectory("replacement");
      const addresses = await testAddresses(directory.path);
      const { path: binary } = await ensureMediaMtx({ log: () => undefined });
      const agentArguments = [
        join(import.meta.dirname, "test-agent.ts"),
        binary,
        directory.path,
        JSON.stringify(addresses),
      ];
      const agent = await startChild(process.execPath, agentArguments);
      try {
        const pid = Number(await waitFor("the first agent's router", () => /router (\d+)/.exec(agent.output())?.[1]));
        agent.signal("SIGKILL");
        await agent.exited;
        const second = await Router.start({
          binary,
          dataDir: directory.path,
          addresses: { ...addresses, webrtc: null },
          internalPassword: testPassword,
          decide: decideByToken,
        });
        assert.notEqual(second.pid, pid);
        assert.equal(await processStartTime(pid), null);
        await second.stop();
      } finally {
        await agent.stop();
        await directory.remove();
      }
    });

    test("a port that is taken is said, and nothing is left behind", async () => {
      const directory = await tempDirectory("taken");
      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      const address = taken.address();
      assert.ok(address !== null && typeof address === "object");
      try {
        const { path: binary } = await ensureMediaMtx({ log: () => undefined });
        const starting = Router.start({
          binary,
          dataDir: directory.path,
          addresses: { ...(await testAddresses(directory.path)), rtmp: `127.0.0.1:${address.port}` },
          internalPassword: testPassword,
          decide: decideByToken,
        });
        await assert.rejects(starting, new RegExp(`did not start: .*:${address.port}: bind: address already in use`));
      } finally {
        taken.close();
        await directory.remove();
      }
    });
  });
});

import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { ConfigError, readConfig } from "@trax/foundation/config";
import { openDatabase } from "@trax/foundation/database";
import { listen } from "@trax/foundation/listen";
import { openLog } from "@trax/foundation/log";
import { openObjectStore } from "@trax/foundation/object-store";
import { Secret } from "@trax/foundation/secret";
import { startTelemetry } from "@trax/foundation/telemetry";
import { openVault } from "@trax/foundation/vault";
import { channels } from "@trax/media-protocol";
import { Agent } from "./agent/agent.ts";
import { openLinkDirectory } from "./agent/link-directory.ts";
import { MediaAuth } from "./agent/media-auth.ts";
import { readNodeId } from "./agent/node-id.ts";
import { holdNode } from "./agent/node-lock.ts";
import { sweepOrphans } from "./agent/orphans.ts";
import { AssetFiles } from "./library/asset-files.ts";
import { Librarian } from "./library/librarian.ts";
import { ensureCertificate } from "./mediamtx/certificate.ts";
import { Router } from "./mediamtx/router.ts";
import { internalUser } from "./mediamtx/auth-callback.ts";
import type { RouterApi } from "./mediamtx/api.ts";
import { forkProgramWorker } from "./program/fork-worker.ts";

// The media agent of a node: puts its parts together, starts them, stops them in order.
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = openLog("media-agent", config.TRAX_LOG_LEVEL);
  const { DATABASE_URL: url, TRAX_MEDIAMTX_BINARY: binary } = config;
  if (url === null) throw new ConfigError("DATABASE_URL is needed");
  if (binary === null) throw new ConfigError("TRAX_MEDIAMTX_BINARY is needed");
  const telemetry = await startTelemetry("trax-media");
  const dataDir = resolve(config.TRAX_DATA_DIR);
  const nodeId = readNodeId(dataDir);
  const db = openDatabase(url, {
    size: 8,
    // What somebody else holds must not hold up every studio of this node.
    lockTimeoutMs: 3_000,
    onError: (error) => log.warn({ err: error }, "a database connection was lost"),
  });
  const vault = openVault(config.TRAX_ENCRYPTION_KEYS);
  const node = await holdNode(url, nodeId, log);
  const orphans = await sweepOrphans(resolve(dataDir, "run", "relays.json"), log);

  const internalPassword = new Secret(randomBytes(24).toString("base64url"));
  const everywhere = config.TRAX_HOST === "0.0.0.0" ? "" : config.TRAX_HOST;
  const { TRAX_RTMPS_CERT: certPath, TRAX_RTMPS_KEY: keyPath } = config;
  const publicHost = config.TRAX_PUBLIC_URL === null ? [] : [new URL(config.TRAX_PUBLIC_URL).hostname];
  const certificate =
    certPath !== null && keyPath !== null ? { certPath, keyPath } : await ensureCertificate(dataDir, publicHost);
  const links = openLinkDirectory(dataDir);
  let router: Router | null = null;
  const runningRouter = (): Router => {
    if (router === null) throw new Error("the router has not started yet");
    return router;
  };
  const api = (): RouterApi => runningRouter().api;
  const store = openObjectStore(config);
  const librarian = new Librarian({ db, store, log, nodeId, dataDir, orphans });
  const assets = new AssetFiles({ store, log, dataDir, onThere: () => agent.wake() });
  const agent = new Agent({
    db,
    vault,
    log,
    nodeId,
    dataDir,
    orphans,
    allowedNetworks: config.TRAX_ALLOWED_NETWORKS,
    paths: async () => runningRouter().paths(),
    links: async (protocol) => api().links(protocol),
    playUrl: (path) =>
      `rtmp://127.0.0.1:${config.TRAX_RTMP_PORT}/${path}?user=${internalUser}&pass=${internalPassword.reveal()}`,
    publishUrl: (path) => runningRouter().rtspUrl(path),
    linkPath: links.path,
    forkProgram: forkProgramWorker,
    assetPath: (key) => assets.pathOf(key),
    programCores: config.TRAX_PROGRAM_CORES,
  });
  const auth = new MediaAuth({ db, nodeId, api, publisherOf: (sourceId) => agent.publisherOf(sourceId), log });
  router = await Router.start({
    binary,
    dataDir,
    internalPassword,
    addresses: {
      rtmp: `${everywhere}:${config.TRAX_RTMP_PORT}`,
      rtmps: { address: `${everywhere}:${config.TRAX_RTMPS_PORT}`, ...certificate },
      srt: { address: `${everywhere}:${config.TRAX_SRT_PORT}`, passphrase: config.TRAX_SRT_PASSPHRASE },
      webrtc: {
        http: `127.0.0.1:${config.TRAX_WEBRTC_PORT}`,
        udp: `${everywhere}:${config.TRAX_WEBRTC_UDP_PORT}`,
        additionalHosts: publicHost,
        iceServers: config.TRAX_ICE_SERVERS,
      },
      hls: `${everywhere}:${config.TRAX_HLS_PORT}`,
    },
    decide: (request) => auth.decide(request),
    onRefused: (request, reason) =>
      log.info(
        { path: request.path, protocol: request.protocol, ip: request.ip, reason },
        "a publisher or player was refused",
      ),
    onStarted: (started) => log.info(started, "the router runs"),
    onLost: () => {
      log.error("the router is gone; it is started again");
      agent.routerLost();
    },
    onFailed: (error) => log.error({ err: error }, "the router could not be started; tried again soon"),
  });
  await assets.start();
  await agent.start();
  await librarian.start();

  const lookAtSessions = (): void => {
    auth
      .endSessions()
      .catch((error: unknown) => log.warn({ err: error }, "sessions could not be looked at; tried again soon"));
  };
  const lookAtAssets = (): void => {
    librarian.wake();
    agent.wake();
  };
  const listener = listen({
    url,
    channels: [channels.desired, channels.sessions, channels.snapshot, channels.assets],
    onNotification: (channel, payload) => {
      if (channel === channels.desired) agent.wake(payload);
      else if (channel === channels.assets) lookAtAssets();
      else if (channel === channels.snapshot) agent.takeSnapshot(payload);
      else lookAtSessions();
    },
    onReconnected: () => {
      lookAtAssets();
      lookAtSessions();
    },
    onError: (error) => log.warn({ err: error }, "the connection for notifications was lost"),
  });
  const sessionTimer = setInterval(lookAtSessions, 2_000);
  const tidyTimer = setInterval(() => {
    auth
      .forgetGone()
      .catch((error: unknown) =>
        log.warn({ err: error }, "ended connections could not be forgotten; tried again later"),
      );
  }, 30_000);

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    clearInterval(sessionTimer);
    clearInterval(tidyTimer);
    await auth.close();
    await listener.close();
    await librarian.close();
    await agent.close();
    await assets.close();
    links.close();
    await router.stop();
    await node.release();
    await store.close();
    await db.close();
    await telemetry.close();
    process.exit(0);
  };
  process.once("SIGTERM", () => void stop());
  process.once("SIGINT", () => void stop());
  // The supervisor is gone: nobody would ever stop us.
  process.once("disconnect", () => void stop());
  process.on("message", (message: unknown) => {
    if (
      typeof message !== "object" ||
      message === null ||
      !("type" in message) ||
      message.type !== "status" ||
      !("id" in message)
    )
      return;
    process.send?.({
      type: "status",
      id: message.id,
      processes: [{ name: "mediamtx", pid: router.pid }, ...agent.processes(), ...librarian.processes()],
    });
  });
  process.send?.({ type: "ready" });
  log.info({ nodeId }, "the media agent runs");
}

try {
  await main();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

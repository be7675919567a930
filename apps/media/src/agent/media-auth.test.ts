import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { newId } from "@trax/foundation/ids";
import { openDatabase } from "@trax/foundation/database";
import type { Database } from "@trax/foundation/database";
import { openLog } from "@trax/foundation/log";
import { mediaTokenHash, newMediaToken, programPath, sourcePath, webrtcPath } from "@trax/media-protocol";
import type { SessionView } from "@trax/media-protocol";
import { startChild, startFfmpegPublisher, waitFor } from "@trax/peers";
import type { Child } from "@trax/peers";
import { Secret } from "@trax/foundation/secret";
import sql from "sql-template-tag";
import { startPostgres } from "../../../control/src/testing/postgres.ts";
import { clientProtocols } from "../mediamtx/api.ts";
import { publishRtsp } from "../rtsp/publisher.ts";
import type { RtspPublisher } from "../rtsp/publisher.ts";
import { startTestRouter } from "../mediamtx/test-router.ts";
import type { TestRouter } from "../mediamtx/test-router.ts";
import { makeTestMedia } from "../rtmp/testing/flv.ts";
import { MediaAuth } from "./media-auth.ts";

// Who may watch what, decided from rows, asked by a real router.

const accountId = newId("account");
const [studioId, otherStudioId, sourceId] = [newId("studio"), newId("studio"), newId("source")];
const open = new AsyncDisposableStack();
let db: Database;
let it: TestRouter;
let auth: MediaAuth;

before(async () => {
  const postgres = open.use(await startPostgres());
  db = open.adopt(openDatabase(postgres.url, { onError: () => undefined }), (one) => one.close());
  await db.query(sql`insert into accounts (id, name) values (${accountId}, 'Ada')`);
  for (const id of [studioId, otherStudioId])
    await db.query(sql`insert into studios (id, account_id, name) values (${id}, ${accountId}, 'Show')`);
  await db.query(sql`
    insert into sources (id, account_id, studio_id, name) values (${sourceId}, ${accountId}, ${studioId}, 'Cam')`);
  auth = open.adopt(
    new MediaAuth({
      db,
      nodeId: "node-1",
      api: () => it.router.api,
      publisherOf: () => null,
      log: openLog("media-agent", "silent"),
    }),
    (one) => one.close(),
  );
  it = open.adopt(await startTestRouter({ decide: (request) => auth.decide(request) }), (one) => one.stop());
  for (const name of [programPath(studioId), webrtcPath("program", studioId), webrtcPath("preview", studioId)])
    open.defer(await startProgram(name));
  const publisher = await startFfmpegPublisher({
    url: `srt://${it.options.addresses.srt.address}?streamid=publish:${sourcePath(sourceId)}:session:${await session(null)}`,
  });
  open.adopt(publisher, (one) => one.stop());
  await isOnline(sourcePath(sourceId));
});
after(() => open.disposeAsync());

/** A session's token; a view of null publishes. */
async function session(view: SessionView | null, of = studioId): Promise<string> {
  const role = view === null ? "publish" : "play";
  const token = newMediaToken(role).reveal();
  await db.query(sql`
    insert into media_sessions (id, account_id, studio_id, source_id, role, view, token_hash, expires_at)
    values (${newId("mediaSession")}, ${accountId}, ${of}, ${view === null || view === "source" ? sourceId : null},
      ${role}, ${view}, ${mediaTokenHash(token)}, now() + interval '1 hour')`);
  return token;
}

async function isOnline(name: string): Promise<void> {
  await waitFor(`${name} is online`, async () => (await it.router.api.path(name))?.online === true);
}

/** In real time, around and around, as a program worker does; answers what ends it. */
async function startProgram(name: string): Promise<() => Promise<void>> {
  const media = (await makeTestMedia({ seconds: 2 })).filter(({ kind }) => kind !== "data");
  const length = (media.at(-1)?.timestamp ?? 0) + 20;
  const closed = Promise.withResolvers<unknown>();
  const publisher: RtspPublisher = publishRtsp(it.router.rtspUrl(name), {
    onPublishing: () => undefined,
    onClosed: closed.resolve,
  });
  const startedAt = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    for (;;) {
      const message = media[sent % media.length];
      if (message === undefined) return;
      const timestamp = message.timestamp + Math.floor(sent / media.length) * length;
      if (timestamp > performance.now() - startedAt) return;
      publisher.send({ ...message, timestamp });
      sent += 1;
    }
  }, 20);
  await isOnline(name);
  return async () => {
    clearInterval(timer);
    publisher.close();
    await closed.promise;
  };
}

const urls = {
  rtmp: (path: string, token: string) => `rtmp://${it.options.addresses.rtmp}/${path}?token=${token}`,
  rtmps: (path: string, token: string) => `rtmps://${it.options.addresses.rtmps.address}/${path}?token=${token}`,
  srt: (path: string, token: string) =>
    `srt://${it.options.addresses.srt.address}?streamid=read:${path}:session:${token}`,
  hls: (path: string, token: string) => `http://${it.options.addresses.hls ?? ""}/${path}/index.m3u8?token=${token}`,
} as const;
type Protocol = keyof typeof urls;

function play(protocol: Protocol, path: string, token: string, seconds: number): Promise<Child> {
  return startChild("ffmpeg", [
    ..."-hide_banner -loglevel error -nostdin -rw_timeout 8000000 -i".split(" "),
    urls[protocol](path, token),
    ..."-map 0:v -c copy -f null -t".split(" "),
    String(seconds),
    "-",
  ]);
}

/** What a browser that only watches offers; no ICE follows, so that a session is all that comes of it. */
const offer = [
  "v=0",
  "o=- 1 2 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0",
  "m=video 9 UDP/TLS/RTP/SAVPF 96",
  "c=IN IP4 0.0.0.0",
  "a=ice-ufrag:abcd",
  "a=ice-pwd:0123456789012345678901234567",
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "AB").join(":")}`,
  "a=setup:actpass",
  "a=mid:0",
  "a=recvonly",
  "a=rtcp-mux",
  "a=rtpmap:96 H264/90000",
  "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
  "",
].join("\r\n");

async function whep(path: string, token: string): Promise<number> {
  const response = await fetch(`http://${it.options.addresses.webrtc?.http ?? ""}/${path}/whep`, {
    method: "POST",
    headers: { "content-type": "application/sdp", authorization: `Bearer ${token}` },
    body: offer,
  });
  await response.text();
  return response.status;
}

describe("a token", { concurrency: 3 }, () => {
  for (const protocol of ["rtmp", "rtmps", "srt", "hls"] as const)
    test(`${protocol}: a play token reads its program, and nothing else`, async () => {
      const token = await session("program");
      const player = await play(protocol, programPath(studioId), token, 1);
      assert.equal(await player.exited, 0, player.output());
      const refused = await Promise.all([
        play(protocol, programPath(studioId), await session(null), 1),
        play(protocol, programPath(studioId), await session("program", otherStudioId), 1),
        play(protocol, sourcePath(sourceId), token, 1),
        play(protocol, programPath(studioId), "ply_guessed", 1),
      ]);
      for (const one of refused) assert.notEqual(await one.exited, 0);
    });

  test("WHEP: each view has its own token", async () => {
    const paths = {
      program: webrtcPath("program", studioId),
      preview: webrtcPath("preview", studioId),
      source: sourcePath(sourceId),
    } as const;
    const tokens = {
      program: await session("program"),
      preview: await session("preview"),
      source: await session("source"),
    };
    const pairs = Object.entries(paths).flatMap(([of, path]) =>
      Object.entries(tokens).map(([holder, token]) => ({ of, path, holder, token })),
    );
    // At once: the router takes seconds to refuse.
    await Promise.all(
      pairs.map(async ({ of, path, holder, token }) =>
        assert.equal(await whep(path, token), of === holder ? 201 : 401, `${holder}'s token for ${of}`),
      ),
    );
  });

  test("nobody publishes where a program is, nor by RTSP, whatever their token", async () => {
    const token = await session(null);
    const ask = { ip: "127.0.0.1", userAgent: "", connectionId: null } as const;
    for (const path of [programPath(studioId), webrtcPath("program", studioId), webrtcPath("preview", studioId)]) {
      const decision = await auth.decide({
        ...ask,
        action: "publish",
        path,
        protocol: "rtmp",
        token: new Secret(token),
      });
      assert.equal(decision.allow, false, path);
    }
    const publisher = await startFfmpegPublisher({
      url: `rtmp://${it.options.addresses.rtmp}/${programPath(studioId)}?token=${token}`,
    });
    assert.notEqual(await publisher.exited, 0);
  });
});

test("when a session is revoked, whoever watches by it is disconnected, and others are not", async () => {
  const [token, kept] = [await session("program"), await session("program")];
  const path = programPath(studioId);
  const players = await Promise.all(
    (["rtmp", "rtmps", "srt", "hls"] as const).map((protocol) => play(protocol, path, token, 60)),
  );
  const other = await play("rtmp", path, kept, 60);
  try {
    const connections = () =>
      db.query<{ protocol: string; id: string }>(sql`
        select c.protocol, c.connection_id as id from media_session_connections c
        join media_sessions m on m.id = c.session_id where m.token_hash = ${mediaTokenHash(token)}`);
    const watching = await waitFor("all are connected", async () => {
      const rows = await connections();
      return (
        rows
          .map(({ protocol }) => protocol)
          .sort()
          .join(" ") === "hls rtmp rtmp srt" && rows
      );
    });
    await waitFor("all play", async () => ((await it.router.api.path(path))?.readers ?? 0) >= 5);
    assert.equal(await whep(webrtcPath("program", studioId), token), 201);

    await db.query(sql`delete from media_sessions where token_hash = ${mediaTokenHash(token)}`);
    await auth.endSessions();
    await waitFor("nobody is left of it", async () => {
      const lists = await Promise.all(clientProtocols.map((protocol) => it.router.api.clientIds(protocol)));
      return watching.every(({ id }) => !lists.flat().includes(id));
    });
    assert.equal(other.hasExited(), false);
  } finally {
    await Promise.all([...players, other].map((player) => player.stop()));
  }
});

test("a connection that the router does not list is forgotten, but not while it is only just let in", async () => {
  const view = await session("program");
  const [row] = await db.query<{ id: string }>(
    sql`select id from media_sessions where token_hash = ${mediaTokenHash(view)}`,
  );
  const remember = (connectionId: string, age: string) =>
    db.query(sql`
      insert into media_session_connections (node_id, protocol, connection_id, session_id, expires_at, created_at)
      values ('node-1', 'hls', ${connectionId}, ${row?.id ?? ""}, now() + interval '1 hour', now() - ${age}::interval)`);
  await remember("just-now", "20 seconds");
  await remember("long-gone", "2 minutes");
  await auth.forgetGone();
  const left = await db.query<{ id: string }>(
    sql`select connection_id as id from media_session_connections where connection_id in ('just-now', 'long-gone')`,
  );
  assert.deepEqual(left, [{ id: "just-now" }]);
});

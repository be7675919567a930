import type { Database } from "@trax/foundation/database";
import { isDatabaseAway } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import {
  connectionsToEnd,
  findPublishSession,
  forgetConnections,
  nextExpiry,
  readConnections,
  recordConnection,
  sourceOfPath,
  sourcePath,
} from "@trax/media-protocol";
import type { PublishSession } from "@trax/media-protocol";
import type { IngestProtocol, RouterApi, RouterConnection } from "../mediamtx/api.ts";
import type { AuthDecision, AuthRequest } from "../mediamtx/auth-callback.ts";
import { waitFor } from "./wait-for.ts";

type Pending = { readonly connectionId: string; readonly protocol: string; readonly at: number };

const pendingMs = 5_000;
const databaseWaitMs = 3_000;
const replaceWaitMs = 2_000;

/** RTMPS calls itself rtmp in the callback; the API keeps the two apart. */
function candidates(protocol: string, id: string): RouterConnection[] {
  const names: IngestProtocol[] = protocol === "rtmp" ? ["rtmp", "rtmps"] : protocol === "webrtc" ? ["whip"] : ["srt"];
  return names.map((name) => ({ protocol: name, id }));
}

const refuse = (reason: string): AuthDecision => ({ allow: false, reason });

/** Decides who may publish, and ends what publishes on a session that is over. */
export class PublishAuth {
  readonly #db: Database;
  readonly #nodeId: string;
  readonly #api: () => RouterApi;
  readonly #log: Logger;
  /** Let in, but not yet publishing: the router looks at RTMP for two seconds first. */
  readonly #pending = new Map<string, Pending>();
  #expiryTimer: NodeJS.Timeout | null = null;
  #nextExpiryAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: {
    readonly db: Database;
    readonly nodeId: string;
    readonly api: () => RouterApi;
    readonly log: Logger;
  }) {
    this.#db = options.db;
    this.#nodeId = options.nodeId;
    this.#api = options.api;
    this.#log = options.log;
  }

  /** The router's question: may this client publish here? Reading is for our own workers, who never get here. */
  async decide(request: AuthRequest): Promise<AuthDecision> {
    if (request.action !== "publish") return refuse("nothing can be read here yet");
    const sourceId = sourceOfPath(request.path);
    if (sourceId === null || request.token === null) return refuse("no source or no token");
    const session = await this.#session(request.token.reveal());
    if (session === null) return refuse("the token is unknown, expired or revoked");
    if (session.sourceId !== sourceId) return refuse("the token is another source's");
    // Asked without a connection (a page, a pre-flight): the connection itself will ask again.
    if (request.connectionId === null) return { allow: true };
    const own = { connectionId: request.connectionId, protocol: request.protocol, at: performance.now() };
    const busy = await this.#makeRoom(session, own);
    if (busy !== null) return refuse(busy);
    await recordConnection(
      this.#db,
      this.#nodeId,
      { sessionId: session.sessionId, connectionId: own.connectionId, protocol: own.protocol },
      session.expiresAt,
    );
    this.#watchExpiry(session.expiresAt);
    return { allow: true };
  }

  /** Disconnects every publisher whose session is over. Safe to call at any time. */
  async endSessions(): Promise<void> {
    const ended = await connectionsToEnd(this.#db, this.#nodeId);
    for (const { connectionId, protocol, sessionId } of ended) {
      await this.#kick(protocol, connectionId);
      this.#log.info({ sessionId }, "a media session is over: its publisher is disconnected");
    }
    if (ended.length > 0)
      await forgetConnections(
        this.#db,
        this.#nodeId,
        ended.map((one) => one.connectionId),
      );
    const next = await nextExpiry(this.#db, this.#nodeId);
    if (next !== null) this.#watchExpiry(next);
  }

  /** Forgets connections that are over by themselves. */
  async forgetGone(): Promise<void> {
    const remembered = await readConnections(this.#db, this.#nodeId);
    if (remembered.length === 0) return;
    const protocols: readonly IngestProtocol[] = ["rtmp", "rtmps", "srt", "whip"];
    const lists = await Promise.all(protocols.map((protocol) => this.#api().clients(protocol)));
    const present = new Set(lists.flat().map((client) => client.id));
    const gone = remembered.map((one) => one.connectionId).filter((id) => !present.has(id));
    if (gone.length > 0) await forgetConnections(this.#db, this.#nodeId, gone);
  }

  close(): void {
    this.#closed = true;
    if (this.#expiryTimer !== null) clearTimeout(this.#expiryTimer);
  }

  /** Waits out a restart of the database: a refused encoder often does not come back by itself. */
  async #session(token: string): Promise<PublishSession | null> {
    let session: PublishSession | null = null;
    const answered = await waitFor(
      async () => {
        try {
          session = await findPublishSession(this.#db, token);
          return true;
        } catch (error) {
          if (isDatabaseAway(error)) return false;
          throw error;
        }
      },
      databaseWaitMs,
      100,
    );
    if (!answered) this.#log.warn("a publisher is refused because the database is away");
    return session;
  }

  /** Null when the source is free for this client, else why not. */
  async #makeRoom(session: PublishSession, own: Pending): Promise<string | null> {
    const others = [
      ...(await this.#publishing(session.sourceId, own)),
      ...(await this.#arriving(session.sourceId, own)),
    ];
    if (others.length > 0) {
      if (session.onConflict === "refuse") return "somebody publishes to this source already";
      for (const other of others) await this.#api().kick(other);
      const free = await waitFor(
        async () => (await this.#publishing(session.sourceId, own)).length === 0,
        replaceWaitMs,
        50,
      );
      if (!free) return "the publisher before did not go away";
    }
    this.#pending.set(session.sourceId, own);
    return null;
  }

  async #publishing(sourceId: string, own: Pending): Promise<RouterConnection[]> {
    const publisher = (await this.#api().path(sourcePath(sourceId)))?.publisher ?? null;
    return publisher === null || publisher.id === own.connectionId ? [] : [publisher];
  }

  async #arriving(sourceId: string, own: Pending): Promise<RouterConnection[]> {
    const pending = this.#pending.get(sourceId);
    if (pending === undefined || pending.connectionId === own.connectionId || own.at - pending.at > pendingMs)
      return [];
    const names = candidates(pending.protocol, pending.connectionId);
    const lists = await Promise.all(names.map(({ protocol }) => this.#api().clients(protocol)));
    return names.filter((name, index) => lists[index]?.some((client) => client.id === name.id));
  }

  async #kick(protocol: string, connectionId: string): Promise<void> {
    for (const connection of candidates(protocol, connectionId)) {
      if (await this.#api().kick(connection)) return;
    }
  }

  /** One timer, for the session that expires first. */
  #watchExpiry(at: Date): void {
    if (this.#closed || at.getTime() >= this.#nextExpiryAt) return;
    this.#nextExpiryAt = at.getTime();
    if (this.#expiryTimer !== null) clearTimeout(this.#expiryTimer);
    // The periodic look catches what is further away than a timer should be.
    const wait = Math.min(Math.max(at.getTime() - Date.now() + 20, 20), 60_000);
    this.#expiryTimer = setTimeout(() => {
      this.#expiryTimer = null;
      this.#nextExpiryAt = Number.POSITIVE_INFINITY;
      this.endSessions().catch((error: unknown) =>
        this.#log.warn({ err: error }, "sessions could not be ended; tried again soon"),
      );
    }, wait);
  }
}

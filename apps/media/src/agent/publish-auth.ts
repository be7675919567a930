import type { Database } from "@trax/foundation/database";
import { isDatabaseAway } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import {
  connectionsToEnd,
  findPublishSession,
  forgetConnections,
  mediaTokenHash,
  nextExpiry,
  readConnections,
  recordConnection,
  sourceOfPath,
} from "@trax/media-protocol";
import type { PublishSession } from "@trax/media-protocol";
import type { IngestProtocol, RouterApi, RouterConnection } from "../mediamtx/api.ts";
import type { AuthDecision, AuthRequest } from "../mediamtx/auth-callback.ts";
import { Recorder } from "./recorder.ts";

export type PublishAuthOptions = {
  readonly db: Database;
  readonly nodeId: string;
  readonly api: () => RouterApi;
  /** Who publishes a source, as last seen. */
  readonly publisherOf: (sourceId: string) => RouterConnection | null;
  readonly log: Logger;
};

/** How many sessions are remembered for the time the database is away. */
const rememberedSessions = 10_000;

/** RTMPS calls itself rtmp in the callback; the API keeps the two apart. */
function candidates(protocol: string, id: string): RouterConnection[] {
  const names: IngestProtocol[] = protocol === "rtmp" ? ["rtmp", "rtmps"] : protocol === "webrtc" ? ["whip"] : ["srt"];
  return names.map((name) => ({ protocol: name, id }));
}

const refuse = (reason: string): AuthDecision => ({ allow: false, reason });

/**
 * Decides who may publish, and ends what publishes on a session that is over.
 *
 * The router stands still for its paths while it waits for a decision: one must
 * be quick, and must not ask the router about paths. A second publisher that is
 * to be refused is therefore left to the router, which never replaces the first.
 */
export class PublishAuth {
  readonly #o: PublishAuthOptions;
  readonly #recorder: Recorder;
  /** By the token's hash, least recently used first. */
  readonly #remembered = new Map<string, PublishSession>();
  /** The connection let in last, by source. */
  readonly #arrived = new Map<string, RouterConnection[]>();
  #expiryTimer: NodeJS.Timeout | null = null;
  #nextExpiryAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: PublishAuthOptions) {
    this.#o = options;
    this.#recorder = new Recorder(options.log);
  }

  /** The router's question: may this client publish here? Our own workers, who read, never get here. */
  async decide(request: AuthRequest): Promise<AuthDecision> {
    if (request.action !== "publish") return refuse("nothing can be read here yet");
    const sourceId = sourceOfPath(request.path);
    if (sourceId === null || request.token === null) return refuse("no source or no token");
    const session = await this.#session(request.token.reveal());
    if (session === null) return refuse("the token is unknown, expired or revoked");
    if (session.sourceId !== sourceId) return refuse("the token is another source's");
    // Asked without a connection (a page, a pre-flight): the connection itself will ask again.
    const { connectionId, protocol } = request;
    if (connectionId === null) return { allow: true };
    if (session.onConflict === "replace") await this.#makeRoom(sourceId, connectionId);
    this.#arrived.set(sourceId, candidates(protocol, connectionId));
    if (!(await this.#recordConnection(session, protocol, connectionId))) return refuse("the token was just revoked");
    this.#watchExpiry(session.expiresAt);
    return { allow: true };
  }

  /** Disconnects every publisher whose session is over. Safe to call at any time. */
  async endSessions(): Promise<void> {
    const ended = await connectionsToEnd(this.#o.db, this.#o.nodeId);
    if (ended.length > 0) this.#remembered.clear();
    for (const { connectionId, protocol, sessionId } of ended) {
      await this.#kick(candidates(protocol, connectionId));
      this.#o.log.info({ sessionId }, "a media session is over: its publisher is disconnected");
    }
    if (ended.length > 0) {
      const ids = ended.map((one) => one.connectionId);
      await forgetConnections(this.#o.db, this.#o.nodeId, ids);
    }
    const next = await nextExpiry(this.#o.db, this.#o.nodeId);
    if (next !== null) this.#watchExpiry(next);
  }

  /** Forgets connections that are over by themselves. */
  async forgetGone(): Promise<void> {
    const remembered = await readConnections(this.#o.db, this.#o.nodeId);
    if (remembered.length === 0) return;
    const protocols: readonly IngestProtocol[] = ["rtmp", "rtmps", "srt", "whip"];
    const lists = await Promise.all(protocols.map((protocol) => this.#o.api().clients(protocol)));
    const present = new Set(lists.flat().map((client) => client.id));
    const gone = remembered.map((one) => one.connectionId).filter((id) => !present.has(id));
    if (gone.length > 0) await forgetConnections(this.#o.db, this.#o.nodeId, gone);
    for (const [sourceId, [first]] of this.#arrived)
      if (first === undefined || !present.has(first.id)) this.#arrived.delete(sourceId);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#expiryTimer !== null) clearTimeout(this.#expiryTimer);
    await this.#recorder.close();
  }

  /** While the database restarts, a session seen before still counts: an encoder that is refused often does not come back. */
  async #session(token: string): Promise<PublishSession | null> {
    const key = mediaTokenHash(token).toString("base64");
    const remembered = this.#remembered.get(key);
    this.#remembered.delete(key);
    try {
      const session = await findPublishSession(this.#o.db, token);
      if (session !== null) this.#remember(key, session);
      return session;
    } catch (error) {
      if (!isDatabaseAway(error) || remembered === undefined || remembered.expiresAt.getTime() <= Date.now())
        throw error;
      this.#remember(key, remembered);
      return remembered;
    }
  }

  #remember(key: string, session: PublishSession): void {
    this.#remembered.set(key, session);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > rememberedSessions && oldest !== undefined) this.#remembered.delete(oldest);
  }

  /** Disconnects who publishes, and who was let in and is about to. */
  async #makeRoom(sourceId: string, connectionId: string): Promise<void> {
    const publisher = this.#o.publisherOf(sourceId);
    if (publisher !== null && publisher.id !== connectionId) await this.#o.api().kick(publisher);
    const arrived = (this.#arrived.get(sourceId) ?? []).filter(
      (one) => one.id !== connectionId && one.id !== publisher?.id,
    );
    await this.#kick(arrived);
  }

  async #recordConnection(session: PublishSession, protocol: string, connectionId: string): Promise<boolean> {
    const record = () =>
      recordConnection(
        this.#o.db,
        this.#o.nodeId,
        { sessionId: session.sessionId, connectionId, protocol },
        session.expiresAt,
      );
    try {
      return await record();
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      this.#recorder.record(connectionId, async () => {
        // Revoked while the database was away.
        if (!(await record())) await this.#kick(candidates(protocol, connectionId));
      });
      return true;
    }
  }

  async #kick(names: readonly RouterConnection[]): Promise<void> {
    for (const name of names) if (await this.#o.api().kick(name)) return;
  }

  /** One timer, for the session that expires first. */
  #watchExpiry(at: Date): void {
    if (this.#closed || at.getTime() >= this.#nextExpiryAt) return;
    this.#nextExpiryAt = at.getTime();
    if (this.#expiryTimer !== null) clearTimeout(this.#expiryTimer);
    // The periodic look catches what is further away than a timer should be; where
    // the database's clock is behind ours, what is over here is not yet over there.
    const wait = Math.min(Math.max(at.getTime() - Date.now() + 20, 250), 60_000);
    this.#expiryTimer = setTimeout(() => {
      this.#expiryTimer = null;
      this.#nextExpiryAt = Number.POSITIVE_INFINITY;
      this.endSessions().catch((error: unknown) =>
        this.#o.log.warn({ err: error }, "sessions could not be ended; tried again soon"),
      );
    }, wait);
  }
}

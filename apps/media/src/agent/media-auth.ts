import type { Database } from "@trax/foundation/database";
import { isDatabaseAway } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { Secret } from "@trax/foundation/secret";
import {
  connectionsToEnd,
  findPlaySession,
  findPublishSession,
  forgetConnections,
  nextExpiry,
  playablePaths,
  readConnections,
  recordConnection,
  sourceOfPath,
} from "@trax/media-protocol";
import type { PlaySession, PublishSession } from "@trax/media-protocol";
import { clientProtocols } from "../mediamtx/api.ts";
import type { ClientProtocol, RouterApi, RouterClientName, RouterConnection } from "../mediamtx/api.ts";
import type { AuthDecision, AuthRequest } from "../mediamtx/auth-callback.ts";
import { Recorder } from "./recorder.ts";
import { RememberedSessions } from "./remembered-sessions.ts";

export type MediaAuthOptions = {
  readonly db: Database;
  readonly nodeId: string;
  readonly api: () => RouterApi;
  /** Who publishes a source, as last seen. */
  readonly publisherOf: (sourceId: string) => RouterConnection | null;
  readonly log: Logger;
};

/** RTMPS calls itself rtmp in the callback, and WHIP and WHEP webrtc; the API has other names. */
const callbackNames: Readonly<Record<string, readonly ClientProtocol[]>> = {
  rtmp: ["rtmp", "rtmps"],
  srt: ["srt"],
  webrtc: ["whip"],
  hls: ["hls"],
};

function candidates(protocol: string, id: string): RouterClientName[] {
  return (callbackNames[protocol] ?? []).map((name) => ({ protocol: name, id }));
}

const unknownToken = "the token is unknown, expired or revoked";

type Session = PublishSession | PlaySession;

const refuse = (reason: string): AuthDecision => ({ allow: false, reason });

/**
 * Decides who may publish and who may watch, and ends what does on a session
 * that is over.
 *
 * The router stands still for its paths while it waits for a decision: one must
 * be quick, and must not ask the router about paths. A second publisher that is
 * to be refused is therefore left to the router, which never replaces the first.
 */
export class MediaAuth {
  readonly #o: MediaAuthOptions;
  readonly #recorder: Recorder;
  readonly #publishing: RememberedSessions<PublishSession>;
  readonly #playing: RememberedSessions<PlaySession>;
  /** The publisher let in last, by source. */
  readonly #arrived = new Map<string, RouterClientName[]>();
  #expiryTimer: NodeJS.Timeout | null = null;
  #nextExpiryAt = Number.POSITIVE_INFINITY;
  #closed = false;

  constructor(options: MediaAuthOptions) {
    this.#o = options;
    this.#recorder = new Recorder(options.log);
    this.#publishing = new RememberedSessions(options.db, findPublishSession);
    this.#playing = new RememberedSessions(options.db, findPlaySession);
  }

  /** The router's question: may this client do that here? Our own workers never get here. */
  async decide(request: AuthRequest): Promise<AuthDecision> {
    if (request.token === null) return refuse("no token");
    if (callbackNames[request.protocol] === undefined) return refuse("this protocol is for our own workers");
    return request.action === "publish"
      ? this.#mayPublish(request, request.token)
      : this.#mayPlay(request, request.token);
  }

  async #mayPublish(request: AuthRequest, token: Secret): Promise<AuthDecision> {
    const sourceId = sourceOfPath(request.path);
    if (sourceId === null) return refuse("only sources are published");
    const session = await this.#publishing.of(token);
    if (session === null) return refuse(unknownToken);
    if (session.sourceId !== sourceId) return refuse("the token is another source's");
    const { connectionId, protocol } = request;
    if (connectionId !== null) {
      if (session.onConflict === "replace") await this.#makeRoom(sourceId, connectionId);
      this.#arrived.set(sourceId, candidates(protocol, connectionId));
    }
    return this.#letIn(session, request);
  }

  async #mayPlay(request: AuthRequest, token: Secret): Promise<AuthDecision> {
    const session = await this.#playing.of(token);
    if (session === null) return refuse(unknownToken);
    if (!playablePaths(session).includes(request.path)) return refuse("the token is for something else");
    return this.#letIn(session, request);
  }

  async #letIn(session: Session, { connectionId, protocol }: AuthRequest): Promise<AuthDecision> {
    // Asked without a connection (a page, a pre-flight): the connection itself will ask again.
    if (connectionId === null) return { allow: true };
    if (!(await this.#recordConnection(session, protocol, connectionId))) return refuse("the token was just revoked");
    this.#watchExpiry(session.expiresAt);
    return { allow: true };
  }

  /** Disconnects everybody whose session is over. Safe to call at any time. */
  async endSessions(): Promise<void> {
    const ended = await connectionsToEnd(this.#o.db, this.#o.nodeId);
    if (ended.length > 0) for (const sessions of [this.#publishing, this.#playing]) sessions.clear();
    for (const { connectionId, protocol, sessionId } of ended) {
      await this.#kick(candidates(protocol, connectionId));
      this.#o.log.info({ sessionId }, "a media session is over: who used it is disconnected");
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
    const lists = await Promise.all(clientProtocols.map((protocol) => this.#o.api().clientIds(protocol)));
    const present = new Set(lists.flat());
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

  /** Disconnects who publishes, and who was let in and is about to. */
  async #makeRoom(sourceId: string, connectionId: string): Promise<void> {
    const publisher = this.#o.publisherOf(sourceId);
    if (publisher !== null && publisher.id !== connectionId) await this.#o.api().kick(publisher);
    const arrived = (this.#arrived.get(sourceId) ?? []).filter(
      (one) => one.id !== connectionId && one.id !== publisher?.id,
    );
    await this.#kick(arrived);
  }

  async #recordConnection(session: Session, protocol: string, connectionId: string): Promise<boolean> {
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

  async #kick(names: readonly RouterClientName[]): Promise<void> {
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

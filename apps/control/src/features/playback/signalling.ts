import { setTimeout as delay } from "node:timers/promises";
import type { Database } from "@trax/foundation/database";
import { findPlaySession, findPublishSession, playablePaths, watchWhereItFits } from "@trax/media-protocol";
import { ApiError, invalidRequest, noCapacity, notFound } from "../../kernel/errors.ts";
import { requireComposed } from "./composed.ts";
import type { Endpoint } from "./endpoint.ts";
import { IceSessions } from "./ice-sessions.ts";
import { preferredOffer } from "./offer.ts";
import type { RouterAnswer, RouterSignalling } from "./router-signalling.ts";
import { isTaken } from "./sql.ts";

/** How long a program runs for who begins to watch; the media node sees who goes on. */
const watchedSeconds = 30;
/** A program starts within this, or not. */
const startMs = 8_000;
/** One that published may just have let go of a source. */
const lettingGoMs = 2_000;
const retryMs = 200;

/** An SDP, in bytes or so: it is ASCII. */
const mostBytes = 64 * 1024;

export type Asked = {
  readonly contentType: string | null;
  readonly body: string;
  readonly ifMatch: string | null;
  readonly token: string | null;
  readonly clientAddress: string;
  readonly userAgent: string | undefined;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
};

export type SessionAnswer = { readonly sdp: string; readonly secret: string; readonly etag: string | null };

/** Decides who may signal, and passes on what they say. */
export class Signalling {
  readonly #db: Database;
  readonly #router: RouterSignalling;
  readonly #ice: IceSessions;

  constructor(db: Database, router: RouterSignalling) {
    this.#db = db;
    this.#router = router;
    this.#ice = new IceSessions(db);
  }

  /** Refuses a token that is not for this endpoint. Answers whose it is. */
  async authorize(
    endpoint: Endpoint,
    token: string | null,
  ): Promise<{ readonly accountId: string; readonly studioId: string }> {
    if (token === null) throw unauthorized(false);
    if (endpoint.view === null) {
      const session = await findPublishSession(this.#db, token);
      if (session === null || session.sourceId !== endpoint.id) throw unauthorized(true);
      return session;
    }
    const session = await findPlaySession(this.#db, token);
    if (session === null || !playablePaths(session).includes(endpoint.path)) throw unauthorized(true);
    return session;
  }

  /** Begins a session with an offer. A program that does not run is started for it. */
  async begin(endpoint: Endpoint, asked: Asked): Promise<SessionAnswer> {
    const studio = await this.authorize(endpoint, asked.token);
    requireBody(asked, "application/sdp");
    if (asked.body === "") throw invalidRequest("This needs an SDP offer.");
    const { view } = endpoint;
    if (view === null) await this.#awaitFree(studio.accountId, endpoint.id, asked.signal);
    else if (view !== "source") await this.#watch(studio, view);
    const body = view === null ? preferredOffer(asked.body) : asked.body;
    const answer = await this.#offer(endpoint, { ...asked, body }, view === "program" || view === "preview");
    const secret = /\/([0-9a-f-]{36})(?:\?|$)/.exec(answer.headers.get("location") ?? "")?.[1];
    if (secret === undefined) throw new Error("the router began a session without a location");
    return { sdp: answer.text, secret, etag: await this.#ice.began(secret, answer.text) };
  }

  /**
   * Candidates that came later, or the restart of ICE, which has an answer: a
   * fragment with a new user name is one (RFC 9725, 4.3.3), and the router tells
   * them apart. Both are for the ICE session that `If-Match` names.
   */
  async change(
    endpoint: Endpoint,
    secret: string,
    asked: Asked,
  ): Promise<{ readonly fragment: string; readonly etag: string | null } | null> {
    requireBody(asked, "application/trickle-ice-sdpfrag");
    const path = `${endpoint.routerUrl}/${secret}`;
    return this.#ice.inTurn(secret, async () => {
      const mismatch = await this.#ice.mismatch(secret, asked.ifMatch);
      // An empty fragment changes nothing: it tells whether there is a session, without which nothing is compared.
      if (mismatch !== null) {
        const { status } = await this.#ask("PATCH", path, { ...asked, body: "" });
        throw status === 204 ? mismatch : refusal(status);
      }
      const answer = await this.#ask("PATCH", path, asked).catch(async (error: unknown) => {
        // It may have restarted ICE all the same.
        await this.#ice.forget(secret);
        throw error;
      });
      if (answer.status !== 200 && answer.status !== 204) throw patchRefusal(answer);
      if (answer.status === 204) return null;
      return { fragment: answer.text, etag: await this.#ice.began(secret, answer.text) };
    });
  }

  async end(endpoint: Endpoint, secret: string, asked: Asked): Promise<void> {
    const answer = await this.#ask("DELETE", `${endpoint.routerUrl}/${secret}`, {
      ...asked,
      contentType: null,
      body: "",
    });
    if (answer.status !== 200) throw refusal(answer.status);
  }

  async #watch(
    studio: { readonly accountId: string; readonly studioId: string },
    view: "program" | "preview",
  ): Promise<void> {
    await requireComposed(this.#db, studio.accountId, studio.studioId);
    const isWatched = await this.#db.transaction((tx) => watchWhereItFits(tx, studio, view, watchedSeconds));
    if (!isWatched) throw noCapacity();
  }

  async #offer(endpoint: Endpoint, asked: Asked, mayStart: boolean): Promise<RouterAnswer> {
    const deadline = performance.now() + startMs;
    for (;;) {
      const answer = await this.#ask("POST", endpoint.routerUrl, asked);
      if (answer.status === 201) return answer;
      if (answer.status === 401) throw unauthorized(true);
      if (answer.status !== 404) throw refusal(answer.status);
      if (!mayStart) throw new ApiError("conflict", "The source is offline: nobody publishes it.");
      if (performance.now() > deadline) {
        throw new ApiError("media_unavailable", "The program did not start in time.", {
          headers: { "retry-after": "1" },
        });
      }
      await pause(asked.signal);
    }
  }

  /** The row of a source follows what is published within half a second. */
  async #awaitFree(accountId: string, sourceId: string, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + lettingGoMs;
    while (await isTaken(this.#db, accountId, sourceId)) {
      if (performance.now() > deadline)
        throw new ApiError("conflict", "Somebody publishes this source, and it refuses a second publisher.");
      await pause(signal);
    }
  }

  #ask(method: "POST" | "PATCH" | "DELETE", path: string, asked: Asked): Promise<RouterAnswer> {
    return this.#router({ method, path, ...asked });
  }
}

/** After who asks is known: before that nothing of a request is judged. */
function requireBody({ contentType, body }: Asked, wanted: string): void {
  if (contentType !== wanted) throw new ApiError("unsupported_media_type", `The body must be \`${wanted}\`.`);
  if (body.length > mostBytes) throw new ApiError("payload_too_large", "An SDP is at most 64 KiB here.");
}

/** Ends early when the client is gone: the router then is not asked again. */
async function pause(signal: AbortSignal): Promise<void> {
  await delay(retryMs, undefined, { signal }).catch(() => {
    throw new ApiError("media_unavailable", "The client is gone.");
  });
}

/** What the router says of itself stays with us. */
function refusal(status: number): ApiError {
  if (status === 404) return notFound("session");
  if (status >= 400 && status < 500) {
    return invalidRequest("This SDP cannot be used: it is not valid, or offers no codec that is sent here.");
  }
  return new ApiError("media_unavailable", "The media node cannot answer this now.", {
    headers: { "retry-after": "1" },
  });
}

/** The router calls a fragment that it cannot use, and a session that is just ending, errors of its own. */
function patchRefusal({ status, text }: RouterAnswer): ApiError {
  if (status !== 500) return refusal(status);
  if (text.includes("terminated")) return notFound("session");
  return invalidRequest("This SDP fragment cannot be used: it is not valid.");
}

function unauthorized(presented: boolean): ApiError {
  const message = presented
    ? "The token is unknown, expired, revoked, or for something else."
    : "This needs the token of a media session, as `Authorization: Bearer …`.";
  const challenge = presented ? 'Bearer realm="trax", error="invalid_token"' : 'Bearer realm="trax"';
  return new ApiError("unauthenticated", message, { headers: { "www-authenticate": challenge } });
}

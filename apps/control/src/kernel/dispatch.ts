import type { Readable } from "node:stream";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Database, Queryable } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { AccessLog } from "./access-log.ts";
import { clientAddressOf } from "./client-address.ts";
import { FileAnswer, openFile } from "./file-answer.ts";
import { jsonOf } from "./fixed-answer.ts";
import type { Answer, Idempotency } from "./idempotency.ts";
import type { Ask } from "./idempotency-sql.ts";
import { readInput } from "./input.ts";
import type { Input } from "./input.ts";
import { LaterAnswer } from "./later-answer.ts";
import type { Route } from "./route.ts";

const json = "application/json; charset=utf-8";

/** What a handler is given, whichever operation it serves: `mount.ts` types it for each. */
export class Call {
  readonly params: object;
  readonly query: object;
  readonly body: object;
  readonly principal: FastifyRequest["principal"];
  readonly accountId: string;
  readonly requestId: string;
  readonly db: Queryable;
  readonly database: Database;
  readonly #reply: FastifyReply;
  readonly #parentLog: Logger;
  #log: Logger | null = null;
  #afterCommit: (() => void)[] | null = null;

  constructor(
    input: Input,
    request: FastifyRequest,
    reply: FastifyReply,
    db: Queryable,
    database: Database,
    log: Logger,
  ) {
    this.params = input.params;
    this.query = input.query;
    this.body = input.body;
    this.principal = request.principal;
    this.accountId = request.principal?.accountId ?? "";
    this.requestId = request.id;
    this.db = db;
    this.database = database;
    this.#reply = reply;
    this.#parentLog = log;
  }

  get clientAddress(): string {
    return clientAddressOf(this.#reply.request.ip);
  }

  get log(): Logger {
    this.#log ??= this.#parentLog.child({
      requestId: this.requestId,
      ...("id" in this.params ? { studioId: this.params.id } : {}),
    });
    return this.#log;
  }

  // Fields rather than methods: handlers take what they need out of the call.
  readonly setHeader = (name: string, value: string): void => {
    this.#reply.header(name, value);
  };

  readonly afterCommit = (work: () => void): void => {
    this.#afterCommit ??= [];
    this.#afterCommit.push(work);
  };

  committed(): void {
    for (const work of this.#afterCommit ?? []) work();
  }
}

export type Dispatch = (request: FastifyRequest, reply: FastifyReply) => Promise<Readable | void> | void;

/** Serves one operation: reads what is asked, runs the handler (a write in one transaction), sends the answer. */
export function makeDispatch(
  route: Route,
  services: {
    readonly database: Database;
    readonly idempotency: Idempotency;
    readonly accessLog: AccessLog;
    readonly log: Logger;
  },
): Dispatch {
  const { database, idempotency, accessLog, log } = services;
  const { operation, handler } = route;
  const { status } = operation;
  const run = typeof handler === "function" ? handler : handler.run;
  const check = typeof handler === "function" ? null : handler.check;

  const answerTo = (result: unknown): Answer => ({ status, body: result === undefined ? "" : jsonOf(result) });

  const send = (request: FastifyRequest, reply: FastifyReply, answer: Answer): void => {
    accessLog.note(request, answer.status);
    reply.code(answer.status);
    if (answer.body === "") reply.send();
    else reply.header("content-type", json).send(answer.body);
  };

  const finish = async (later: LaterAnswer<unknown>, ask: Ask | null): Promise<Answer> => {
    try {
      const answer = answerTo(await later.work());
      if (ask !== null) await idempotency.keep(database, ask, answer);
      return answer;
    } catch (error) {
      if (ask !== null) await idempotency.letGo(database, ask);
      throw error;
    }
  };

  const contentType = operation.contentType ?? "application/octet-stream";

  /** What is read may be bytes, or a file of them, of the type that its operation says. */
  const deliver = (request: FastifyRequest, reply: FastifyReply, result: unknown): Promise<Readable> | undefined => {
    if (result instanceof FileAnswer) {
      return openFile(request, reply, result, contentType).then((bytes) => {
        accessLog.note(request, reply.statusCode);
        // Fastify sends it, and lets go of it when the client does.
        return bytes;
      });
    }
    if (!(result instanceof Uint8Array)) {
      send(request, reply, answerTo(result));
      return undefined;
    }
    accessLog.note(request, status);
    reply.code(status).header("content-type", contentType).send(result);
    return undefined;
  };

  if (route.isRead || operation.auth === "public") {
    return (request, reply) => {
      const result = run(new Call(readInput(route, request), request, reply, database, database, log));
      if (!(result instanceof Promise)) return deliver(request, reply, result);
      return result.then((value: unknown) => deliver(request, reply, value));
    };
  }

  return async (request, reply) => {
    const input = readInput(route, request);
    const { principal } = request;
    const ask =
      operation.method === "POST" && principal !== null
        ? idempotency.read(request.headers["idempotency-key"], principal, pathOf(request), input.body)
        : null;
    if (check !== null && (ask === null || !(await idempotency.isAnswered(database, ask)))) {
      await check(new Call(input, request, reply, database, database, log));
    }
    const { call, answer } = await database.transaction(async (tx): Promise<Done> => {
      const earlier = ask === null ? null : await idempotency.begin(tx, ask);
      if (earlier !== null) return { call: null, answer: earlier };
      const fresh = new Call(input, request, reply, tx, database, log);
      const result = await run(fresh);
      if (result instanceof LaterAnswer) {
        if (ask !== null) await idempotency.hold(tx, ask, result.mostMs);
        return { call: fresh, answer: result };
      }
      const done = { call: fresh, answer: answerTo(result) };
      if (ask !== null) await idempotency.keep(tx, ask, done.answer);
      return done;
    });
    if (call === null) reply.header("idempotent-replayed", "true");
    else call.committed();
    send(request, reply, answer instanceof LaterAnswer ? await finish(answer, ask) : answer);
  };
}

/** No call: the answer is an earlier one's. */
type Done = { readonly call: Call | null; readonly answer: Answer | LaterAnswer<unknown> };

function pathOf(request: FastifyRequest): string {
  const url = request.raw.url ?? "";
  const query = url.indexOf("?");
  return query === -1 ? url : url.slice(0, query);
}

import type { ServerResponse } from "node:http";
import { accountOperations, operations } from "@trax/contract";
import type { BodyOf, Operation, ParamsOf, QueryOf, ResponseOf, Scope } from "@trax/contract";
import type { Database, Queryable } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { FileAnswer } from "./file-answer.ts";
import type { LaterAnswer } from "./later-answer.ts";
import type { Principal } from "./auth/principal.ts";

/**
 * How slices meet the server. A slice gives handlers named after operations of
 * the contract; `app.ts` mounts them under the scope they need, so that it can
 * be read there. A scope that is not the contract's does not compile, and the
 * server refuses to start with an operation left out or mounted twice.
 */
const everyOperation = { ...operations, ...accountOperations } as const;

type Operations = typeof everyOperation;
export type OperationName = keyof Operations;

/** The same table with the literal types forgotten, for code that treats all operations alike. */
export const allOperations: Readonly<Record<OperationName, Operation>> = everyOperation;

/** What a route asks of its caller. `by topic`: at least one of several scopes, which then limit what is shown. */
export type Access = Scope | "any credential" | "by topic" | "session" | "public";

type AccessOf<Op extends Operation> = Op["auth"] extends "public"
  ? "public"
  : Op["auth"] extends "session"
    ? "session"
    : Op["scope"] extends null
      ? "any credential"
      : Op["scope"] extends Scope
        ? Op["scope"]
        : "by topic";

type NamesUnder<A extends Access> = {
  [Name in OperationName]: AccessOf<Operations[Name]> extends A ? Name : never;
}[OperationName];

type StreamName = {
  [Name in OperationName]: Operations[Name] extends { readonly contentType: "text/event-stream" } ? Name : never;
}[OperationName];

/** What every request has, credential or not. Params, query and body are parsed and valid. */
type Asked<Name extends OperationName> = {
  readonly params: ParamsOf<Operations[Name]>;
  readonly query: QueryOf<Operations[Name]>;
  readonly body: BodyOf<Operations[Name]>;
  readonly requestId: string;
  readonly log: Logger;
  readonly clientAddress: string;
  /** Adds a response header, its name in lower case. */
  readonly setHeader: (name: string, value: string) => void;
};

type Identified = { readonly principal: Principal; readonly accountId: string };

/** Public operations decide themselves about transactions, since they hash passwords between two queries. */
export type PublicRequest<Name extends OperationName> = Asked<Name> & { readonly database: Database };

export type AuthenticatedRequest<Name extends OperationName> = Asked<Name> &
  Identified & {
    /**
     * For every operation but GET one transaction around the handler, which
     * commits when it resolves and takes the idempotency record with it. For
     * GET, the database.
     */
    readonly db: Queryable;
    /** Runs once the transaction has committed; never when it has not. Must not throw. */
    readonly afterCommit: (work: () => void) => void;
  };

/** What a slow check has: no transaction yet, so that it holds no connection while it waits for DNS, say. */
export type EarlyRequest<Name extends OperationName> = Asked<Name> & Identified & { readonly database: Database };

export type StreamRequest<Name extends OperationName> = Asked<Name> &
  Identified & {
    readonly database: Database;
    readonly headers: Readonly<Record<string, string | string[] | undefined>>;
    /** Aborted when the client is gone, the credential dies, or the server stops. */
    readonly signal: AbortSignal;
    /** Sends status and headers; whatever is thrown before it gets the error envelope. The kernel ends the response. */
    readonly open: () => ServerResponse;
  };

export type RequestOf<Name extends OperationName> =
  AccessOf<Operations[Name]> extends "public" ? PublicRequest<Name> : AuthenticatedRequest<Name>;

type FileName = {
  [Name in OperationName]: Operations[Name] extends { readonly contentType: "video/mp4" } ? Name : never;
}[OperationName];

/** Films are answered as files. Only what has a transaction can answer after it. */
type AnswerOf<Name extends OperationName> =
  | (Name extends FileName ? FileAnswer : ResponseOf<Operations[Name]>)
  | (RequestOf<Name> extends AuthenticatedRequest<Name>
      ? Operations[Name]["method"] extends "GET"
        ? never
        : LaterAnswer<ResponseOf<Operations[Name]>>
      : never);

type Run<Name extends OperationName> = (request: RequestOf<Name>) => Promise<AnswerOf<Name>> | AnswerOf<Name>;

/**
 * A function, or one with a `check` that runs before the transaction opens (and
 * not at all when an earlier answer is replayed): the place for what is slow.
 */
export type Handler<Name extends OperationName> = Name extends StreamName
  ? (request: StreamRequest<Name>) => Promise<void>
  : Run<Name> | { readonly check: (request: EarlyRequest<Name>) => Promise<void>; readonly run: Run<Name> };

/** The handlers of these operations, by operation id. */
export type Handlers<Names extends OperationName> = { readonly [Name in Names]: Handler<Name> };

export type Mount = { readonly access: Access; readonly handlers: Partial<Handlers<OperationName>> };

/** Puts handlers under the access they need. Only operations with exactly that access fit. */
export function mount<A extends Access>(access: A, handlers: Partial<Handlers<NamesUnder<A>>>): Mount {
  return { access, handlers };
}

/** The access the contract gives an operation. */
export function accessOf(operation: Operation): Access {
  if (operation.auth !== "credential") return operation.auth;
  if (operation.scope === null) return "any credential";
  return typeof operation.scope === "string" ? operation.scope : "by topic";
}

import type { z } from "zod";
import type { ErrorCode } from "./error.ts";
import type { Scope } from "./scope.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/**
 * One operation of the contract: everything the server needs to mount, guard
 * and validate it, and everything `openapi.json` says of it.
 */
export type Operation = {
  readonly method: Method;
  /** With `{name}` for each path parameter. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** `public`: no credential. `credential`: API key, cookie or token. `session`: the cookie alone (account pages). */
  readonly auth: "public" | "credential" | "session";
  /** The scope it needs; null: any credential; several: at least one of them. */
  readonly scope: Scope | null | readonly Scope[];
  /** Whether the write flag gates it. */
  readonly write: boolean;
  readonly params: z.ZodObject | null;
  readonly query: z.ZodObject | null;
  readonly body: z.ZodObject | null;
  /** A body may be left out: it then counts as `{}`. */
  readonly bodyOptional?: boolean;
  readonly status: 200 | 201 | 204;
  /** Null: no content. */
  readonly response: z.ZodType | null;
  /** JSON where it says nothing. */
  readonly contentType?: "text/event-stream" | "application/openapi+json" | "image/jpeg" | "video/mp4";
  /** Beyond those that follow from the fields above. */
  readonly errors: readonly ErrorCode[];
  /** A list: `{data, nextCursor}` with `cursor` and `limit`. */
  readonly paginated?: boolean;
};

/** Keeps the literal types of an operation, so that handlers are checked against them. */
export function operation<const Given extends Operation>(given: Given): Given {
  return given;
}

type Parsed<Schema> = Schema extends z.ZodType ? z.output<Schema> : Record<string, never>;

export type ParamsOf<Op extends Operation> = Parsed<Op["params"]>;
export type QueryOf<Op extends Operation> = Parsed<Op["query"]>;
export type BodyOf<Op extends Operation> = Parsed<Op["body"]>;
export type ResponseOf<Op extends Operation> = Op["response"] extends z.ZodType ? z.input<Op["response"]> : void;

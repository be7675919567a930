import { randomBytes, randomUUID } from "node:crypto";
import { scopes } from "@trax/contract";
import type { KeyCreated, Scope } from "@trax/contract";
import { readConfig } from "@trax/foundation/config";
import { openDatabase } from "@trax/foundation/database";
import type { Database } from "@trax/foundation/database";
import { openLog } from "@trax/foundation/log";
import type { LogDestination } from "@trax/foundation/log";
import { openControl } from "../control.ts";
import type { Control } from "../control.ts";
import { makeAccount } from "../features/accounts/index.ts";
import { mintKey } from "../features/keys/index.ts";
import { startPostgres } from "./postgres.ts";
import type { TestPostgres } from "./postgres.ts";

export type TestControl = AsyncDisposable & {
  readonly control: Control;
  readonly baseUrl: string;
  readonly database: Database;
  readonly postgres: TestPostgres;
  /** A new account with an owner (no password) and a key with all scopes, or these. */
  newAccount(keyScopes?: readonly Scope[]): Promise<TestAccount>;
  mint(account: TestAccount, key?: Partial<Parameters<typeof mintKey>[2]>): Promise<KeyCreated>;
  /** Another control on the same database, with other settings; closed with this one. */
  another(
    environment: Readonly<Record<string, string>>,
  ): Promise<{ readonly baseUrl: string; readonly control: Control }>;
  call(path: string, options?: CallOptions): Promise<Answer>;
};

export type TestAccount = {
  readonly accountId: string;
  readonly userId: string;
  readonly email: string;
  readonly key: string;
};

export type CallOptions = {
  readonly method?: string;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
  readonly baseUrl?: string;
};

export type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: unknown;
  readonly code: unknown;
};

/** Control in this process on a throwaway PostgreSQL and free ports, with a generous rate limit. */
export async function startControl(
  environment: Readonly<Record<string, string>> = {},
  output: LogDestination | null = null,
  parts: Pick<Parameters<typeof openControl>[0], "chatConnections"> = {},
): Promise<TestControl> {
  const destination = output ?? { write: () => undefined };
  const log = openLog("control", output === null ? "silent" : "info", destination);
  await using started = new AsyncDisposableStack();
  const postgres = started.use(await startPostgres());
  const database = started.adopt(openDatabase(postgres.url, { onError: () => undefined }), (one) => one.close());
  const settings = {
    DATABASE_URL: postgres.url.reveal(),
    PUBLIC_API_WRITE_ENABLED: "true",
    TRAX_HOST: "127.0.0.1",
    TRAX_HTTP_PORT: "0",
    TRAX_OPERATOR_PORT: "0",
    TRAX_RATE_LIMIT: "100000/60",
    TRAX_ENCRYPTION_KEYS: `t1:${randomBytes(32).toString("base64")}`,
    ...environment,
  };
  const open = async (more: Readonly<Record<string, string>>): Promise<Control> => {
    const config = readConfig({ ...settings, ...more });
    return started.adopt(await openControl({ ...parts, config, log, output: destination, tracing: false }), (one) =>
      one.close(),
    );
  };
  const control = await open({});
  const baseUrl = `http://127.0.0.1:${control.port}`;

  const mint: TestControl["mint"] = (account, key = {}) =>
    mintKey(database, { ...account, scopes: new Set(scopes) }, { name: "test", scopes: [...scopes], ...key });

  const everything = started.move();
  return {
    control,
    baseUrl,
    database,
    postgres,
    async newAccount(keyScopes = scopes) {
      const email = `${randomUUID()}@example.com`;
      const made = await database.transaction((tx) => makeAccount(tx, { email, name: "Test", passwordHash: "none" }));
      const account = { ...made, email, key: "" };
      const { secret } = await mint(account, { scopes: [...keyScopes] });
      return { ...account, key: secret };
    },
    mint,
    async another(more) {
      const other = await everything.adopt(
        await openControl({
          ...parts,
          config: readConfig({ ...settings, ...more }),
          log,
          output: destination,
          tracing: false,
        }),
        (one) => one.close(),
      );
      return { baseUrl: `http://127.0.0.1:${other.port}`, control: other };
    },
    call: (path, options = {}) => call(options.baseUrl ?? baseUrl, path, options),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  };
}

async function call(
  baseUrl: string,
  path: string,
  { method = "GET", key, headers = {}, body }: CallOptions,
): Promise<Answer> {
  const response = await fetch(baseUrl + path, {
    method,
    redirect: "manual",
    headers: {
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = text !== "" && response.headers.get("content-type")?.startsWith("application/json") === true;
  const json: unknown = isJson ? JSON.parse(text) : null;
  return { status: response.status, headers: response.headers, text, json, code: field(json, "error", "code") };
}

/** What is at that path of an answer; undefined where there is nothing. */
export function field(value: unknown, ...path: readonly string[]): unknown {
  let at: unknown = value;
  for (const name of path)
    at = typeof at === "object" && at !== null ? Object.entries(at).find(([key]) => key === name)?.[1] : undefined;
  return at;
}

/** The same as a string; fails the test where it is none. */
export function textAt(value: unknown, ...path: readonly string[]): string {
  const found = field(value, ...path);
  if (typeof found !== "string") throw new Error(`no text at ${path.join(".")}: ${JSON.stringify(value)}`);
  return found;
}

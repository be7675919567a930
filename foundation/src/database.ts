import pg from "pg";
import type { Sql } from "sql-template-tag";
import { codeOf } from "./error-code.ts";
import type { Secret } from "./secret.ts";

/** Runs SQL: the pool itself, or one transaction. Rows are as the query says; `int8` arrives as a number. */
export type Queryable = {
  query<Row extends object = Record<string, never>>(statement: Sql): Promise<Row[]>;
};

export type Database = Queryable & {
  /** Commits when `work` resolves, rolls back when it throws. */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
};

const int8 = 20;
pg.types.setTypeParser(int8, Number);

const timestamptz = 1184;
const slowTime: (text: string) => unknown = pg.types.getTypeParser(timestamptz);
// The engine's own parser takes a third of the time; what it does not know (`infinity`, years BC) is left to pg's.
pg.types.setTypeParser(timestamptz, (text) => {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? slowTime(text) : new Date(ms);
});

export function openDatabase(
  url: Secret,
  options: {
    readonly size?: number;
    /** How long a statement may wait for a row that another transaction holds; without it, for ever. */
    readonly lockTimeoutMs?: number;
    readonly onError: (error: Error) => void;
  },
): Database {
  const pool = new pg.Pool({
    connectionString: url.reveal(),
    max: options.size ?? 20,
    connectionTimeoutMillis: 5_000,
    ...(options.lockTimeoutMs === undefined ? {} : { lock_timeout: options.lockTimeoutMs }),
    application_name: "trax",
  });
  // A server restart breaks idle connections: without a listener that would end the process.
  pool.on("error", options.onError);
  return {
    query: (statement) => run(pool, statement),
    async transaction(work) {
      const client = await pool.connect();
      let broken: Error | undefined;
      const note = (error: Error) => {
        broken = error;
      };
      client.on("error", note);
      try {
        await client.query("begin");
        const result = await work({ query: (statement) => run(client, statement) });
        const { command } = await client.query("commit");
        // PostgreSQL answers so, and not with an error, where a statement had failed and its error was caught.
        if (command !== "COMMIT") throw new Error("a transaction was rolled back: a statement in it had failed");
        return result;
      } catch (error) {
        await client.query("rollback").catch(note);
        throw error;
      } finally {
        client.off("error", note);
        client.release(broken);
      }
    },
    close: () => pool.end(),
  };
}

async function run<Row extends object>(client: pg.Pool | pg.PoolClient, statement: Sql): Promise<Row[]> {
  const result = await client.query<Row>(statement.text, statement.values);
  return result.rows;
}

const connectionFailures = new Set([
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "08000",
  "08001",
  "08003",
  "08004",
  "08006",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "EPIPE",
  "ETIMEDOUT",
]);

/** Whether the database was out of reach, so that the same call may succeed a moment later. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    connectionFailures.has(codeOf(error)) ||
    /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/.test(
      error.message,
    )
  );
}

/** Whether the database refused what it was given (SQLSTATE classes 22 and 23), so that the same again fails again. */
export function isRefusedData(error: unknown): boolean {
  return /^2[23][0-9A-Z]{3}$/.test(codeOf(error));
}

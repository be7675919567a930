import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Sql } from "sql-template-tag";
import { ensureProgram } from "./programs.ts";

const run = promisify(execFile);

/**
 * Runs one statement over and over with PostgreSQL's own load generator;
 * answers transactions a second. `extended` parses it each time, as node-postgres
 * does; `prepared` parses it once a connection.
 */
export async function loadDatabase(options: {
  readonly statement: Sql;
  readonly socketDirectory: string;
  readonly protocol: "extended" | "prepared";
  readonly clients: number;
  readonly seconds: number;
  readonly directory: string;
}): Promise<number> {
  await ensureProgram("pgbench");
  const { statement, socketDirectory, protocol, clients, seconds, directory } = options;
  const script = join(directory, `${randomUUID()}.sql`);
  await writeFile(script, `${pgbenchScript(statement.text)};\n`);
  const { stdout } = await run(
    "pgbench",
    [
      "--no-vacuum",
      `--protocol=${protocol}`,
      `--client=${clients}`,
      "--jobs=1",
      `--time=${seconds}`,
      `--file=${script}`,
      ...statement.values.flatMap((value, index) => ["--define", `p${index + 1}=${String(value)}`]),
    ],
    { env: { ...process.env, PGHOST: socketDirectory, PGPORT: "5432", PGUSER: "trax", PGDATABASE: "trax" } },
  );
  const failed = Number(/number of failed transactions: (\d+)/.exec(stdout)?.[1] ?? 0);
  const rate = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1]);
  if (failed > 0 || !(rate > 0)) throw new Error(`pgbench: ${stdout}`);
  return rate;
}

/**
 * The statement as pgbench takes it: `$1` is `:p1`, and a colon inside a string,
 * which it would take for a variable too, is written as an escape.
 */
export function pgbenchScript(text: string): string {
  return text
    .replaceAll(/'(?:[^']|'')*'/g, (literal) =>
      literal.includes(":") ? `E${literal.replaceAll("\\", "\\\\").replaceAll(":", "\\x3a")}` : literal,
    )
    .replaceAll(/\$(\d+)/g, ":p$1");
}

import type { Sql } from "sql-template-tag";
import { z } from "zod";
import { openDatabase } from "@trax/foundation/database";
import type { Queryable } from "@trax/foundation/database";
import { Secret } from "@trax/foundation/secret";
import type { ApiClient } from "./api-client.ts";
import type { Outcome, Setting } from "./benchmark.ts";
import { loadDatabase } from "./pgbench.ts";
import { cpuWhile } from "./process-cost.ts";
import { ratios } from "./statistics.ts";
import { startTrax } from "./trax.ts";
import type { Trax } from "./trax.ts";
import { loadHttp } from "./wrk.ts";

/** How many rows a long list has. */
export const longListRows = 100_000;
const limit = 50;
const deepPage = 1_000;
const connections = 16;

/** A list of the API, how it comes to be long, and what it asks of the database. */
export type LongList = {
  /** `studios`, as a sentence says it. */
  readonly rows: string;
  readonly path: string;
  readonly seed: (db: Queryable, accountId: string, count: number) => Promise<void>;
  /** The very function that the API calls. */
  readonly query: (
    db: Queryable,
    accountId: string,
    page: { readonly below: string | null; readonly limit: number },
  ) => Promise<unknown>;
};

const Page = z.object({ data: z.array(z.object({ id: z.string() })), nextCursor: z.string().nullable() });

/** Pages of a long list, against pgbench running the SQL that is behind them. */
export async function benchLongList(setting: Setting, list: LongList): Promise<Outcome> {
  const trax = await startTrax(setting.directory);
  try {
    const account = await trax.newAccount();
    await seed(trax, account.accountId, list);
    setting.say(`${longListRows} ${list.rows} are there`);
    return await compare(setting, trax, account, list);
  } finally {
    await trax.stop();
  }
}

async function seed(trax: Trax, accountId: string, list: LongList): Promise<void> {
  const url = new Secret(`postgres://trax@localhost/trax?host=${encodeURIComponent(trax.socketDirectory)}`);
  let failure: Error | null = null;
  const database = openDatabase(url, { size: 1, onError: (error) => (failure = error) });
  try {
    await list.seed(database, accountId, longListRows);
  } finally {
    await database.close();
  }
  if (failure !== null) throw failure;
}

type Page = { readonly path: string; readonly statement: Sql };

/** The page's address, and the statement that TRaX runs for it: asked of the very function, so that the two stay one. */
async function pageBelow(
  account: ApiClient,
  list: LongList,
  cursor: string | null,
  below: string | null,
): Promise<Page> {
  let statement: Sql | null = null;
  const recorder: Queryable = {
    query: (asked) => {
      statement = asked;
      return Promise.resolve([]);
    },
  };
  // One more row than is shown tells whether there is another page.
  await list.query(recorder, account.accountId, { below, limit: limit + 1 });
  if (statement === null) throw new Error("the list ran no statement");
  return { path: `${list.path}?limit=${limit}${cursor === null ? "" : `&cursor=${cursor}`}`, statement };
}

/** Walks there as a client would. */
async function findDeepPage(account: ApiClient, list: LongList): Promise<Page> {
  let cursor: string | null = null;
  let last: string | null = null;
  for (let page = 1; page < deepPage; page++) {
    const query: string = cursor === null ? "" : `&cursor=${cursor}`;
    const { data, nextCursor } = Page.parse(await account.ask("GET", `${list.path}?limit=${limit}${query}`));
    last = data.at(-1)?.id ?? null;
    cursor = nextCursor;
    if (cursor === null) throw new Error(`page ${page} is the last`);
  }
  return pageBelow(account, list, cursor, last);
}

async function compare(
  { quick, say, directory }: Setting,
  trax: Trax,
  account: ApiClient,
  list: LongList,
): Promise<Outcome> {
  const seconds = quick ? 1 : 4;
  const repetitions = quick ? 2 : 5;
  const { baseUrl, socketDirectory } = trax;
  const headers = { authorization: `Bearer ${account.revealKey()}` };
  const first = await pageBelow(account, list, null, null);
  const control = await trax.pidOf("control");
  // The walk sees each page for the first time, by code that is warm.
  await loadHttp({ url: baseUrl + first.path, headers, seconds, connections, directory });
  const { cpuMs: walked, result: deep } = await cpuWhile([control], () => findDeepPage(account, list));
  /** Requests a second, and ms of control's CPU that each took. */
  const api = async ({ path }: Page): Promise<{ readonly perSecond: number; readonly cpuMs: number }> => {
    const load = { url: baseUrl + path, headers, seconds, connections, directory };
    const { cpuMs, result } = await cpuWhile([control], () => loadHttp(load));
    return { perSecond: result.perSecond, cpuMs: (cpuMs[0] ?? 0) / result.requests };
  };
  const sql = ({ statement }: Page, protocol: "extended" | "prepared" = "extended"): Promise<number> =>
    loadDatabase({ statement, socketDirectory, protocol, clients: connections, seconds, directory });
  const samples = { apiFirst: [0], sqlFirst: [0], apiDeep: [0], sqlDeep: [0], prepared: [0] };
  const cpu: number[] = [];
  for (const one of Object.values(samples)) one.length = 0;
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    const asked = await api(first);
    cpu.push(asked.cpuMs);
    samples.apiFirst.push(asked.perSecond);
    samples.apiDeep.push((await api(deep)).perSecond);
    samples.sqlFirst.push(await sql(first));
    samples.sqlDeep.push(await sql(deep));
    samples.prepared.push(await sql(first, "prepared"));
    say(
      `${repetition} of ${repetitions}: ${Object.values(samples)
        .map((one) => one.at(-1)?.toFixed(0))
        .join(", ")}`,
    );
  }
  const { apiFirst, sqlFirst, apiDeep, sqlDeep, prepared } = samples;
  return {
    method:
      `GET ${list.path}?limit=${limit} of an account with ${longListRows.toLocaleString("en-US")} ${list.rows}, the first page and the ${deepPage.toLocaleString("en-US")}th ` +
      `(reached by following nextCursor), by wrk with ${connections} connections; in turns with pgbench, ${connections} clients, running the statement that the ` +
      `API runs for that page on the same embedded PostgreSQL over its Unix socket. ${seconds} s each.`,
    series: [
      { name: "TRaX, first page", unit: "requests/s", samples: apiFirst },
      { name: "pgbench, first page", unit: "statements/s", samples: sqlFirst },
      {
        name: "TRaX / pgbench, first page",
        unit: "ratio",
        samples: ratios(apiFirst, sqlFirst),
        goal: { atLeast: 0.3 },
      },
      { name: `TRaX, page ${deepPage}`, unit: "requests/s", samples: apiDeep },
      { name: `pgbench, page ${deepPage}`, unit: "statements/s", samples: sqlDeep },
      {
        name: `TRaX / pgbench, page ${deepPage}`,
        unit: "ratio",
        samples: ratios(apiDeep, sqlDeep),
        goal: { atLeast: 0.3 },
      },
      {
        name: `time of page ${deepPage} / first`,
        unit: "ratio",
        samples: ratios(apiFirst, apiDeep),
        goal: { atMost: 1.2 },
      },
      { name: "pgbench, first page, prepared", unit: "statements/s", samples: prepared },
      { name: "TRaX / pgbench prepared, first page", unit: "ratio", samples: ratios(apiFirst, prepared) },
      { name: "control's CPU a request, first page", unit: "ms", samples: cpu },
      {
        name: `control's CPU a request, the first ${deepPage} pages, each once`,
        unit: "ms",
        samples: [(walked[0] ?? 0) / (deepPage - 1)],
      },
    ],
    notes: [
      "pgbench speaks the extended protocol, as TRaX does; beside it, and with no goal, the same with a statement that is parsed once.",
      "pgbench throws the rows away; TRaX checks the key and the limit, reads the rows, writes the JSON, a log line and a histogram.",
    ],
  };
}

import { Counter, Gauge, Registry, collectDefaultMetrics } from "prom-client";
import sql from "sql-template-tag";
import type { Database } from "@trax/foundation/database";
import type { HttpHistogram } from "./http-histogram.ts";

/** What Prometheus is told of this process and, read at each scrape, of the database. */
export type Metrics = {
  readonly contentType: string;
  render(): Promise<string>;
};

export function openMetrics(database: Database, requests: HttpHistogram, streams: () => number): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const open = new Gauge({
    name: "trax_event_streams",
    help: "Open event streams.",
    registers: [registry],
    collect() {
      open.set(streams());
    },
  });
  const studios = new Gauge({
    name: "trax_studios",
    help: "Studios by state.",
    labelNames: ["state"],
    registers: [registry],
  });
  const destinations = new Gauge({
    name: "trax_destinations",
    help: "Enabled destinations of studios that are not offline, by status.",
    labelNames: ["status"],
    registers: [registry],
  });
  const connections = new Gauge({
    name: "trax_database_connections",
    help: "Connections to the database by state.",
    labelNames: ["state"],
    registers: [registry],
  });
  const events = new Gauge({
    name: "trax_outbox_events",
    help: "The last sequence number of the outbox.",
    registers: [registry],
  });
  const unread = new Counter({
    name: "trax_scrape_database_failures_total",
    help: "Scrapes without the database.",
    registers: [registry],
  });

  const readDatabase = async (): Promise<void> => {
    const byState = await database.query<{ label: string; n: number }>(
      sql`select state as label, count(*)::int as n from studios group by 1`,
    );
    const byStatus = await database.query<{ label: string; n: number }>(sql`
      select d.status as label, count(*)::int as n from destinations d join studios s on s.id = d.studio_id
      where d.enabled and s.state <> 'offline' group by 1`);
    const byConnection = await database.query<{ label: string; n: number }>(sql`
      select coalesce(state, 'none') as label, count(*)::int as n from pg_stat_activity where datname = current_database() group by 1`);
    const [last] = await database.query<{ n: number }>(sql`select coalesce(max(seq), 0)::int8 as n from events`);
    studios.reset();
    for (const { label, n } of byState) studios.set({ state: label }, n);
    destinations.reset();
    for (const { label, n } of byStatus) destinations.set({ status: label }, n);
    connections.reset();
    for (const { label, n } of byConnection) connections.set({ state: label }, n);
    events.set(last?.n ?? 0);
  };

  return {
    contentType: registry.contentType,
    async render() {
      // The process's own numbers must be there above all when the database is not.
      await readDatabase().catch(() => unread.inc());
      return (await registry.metrics()) + requests.render();
    },
  };
}

/**
 * Durations of requests by operation and status, in Prometheus's text format.
 * Our own because every request passes here: prom-client hashes its labels on
 * each observation, which cost more than authenticating the request.
 */
export type HttpHistogram = {
  observe(operation: string, status: number, seconds: number): void;
  render(): string;
};

const name = "trax_http_request_duration_seconds";
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Series = { readonly operation: string; readonly status: number; readonly counts: number[]; sum: number };

export function openHttpHistogram(): HttpHistogram {
  const all = new Map<string, Map<number, Series>>();
  const seriesOf = (operation: string, status: number): Series => {
    let byStatus = all.get(operation);
    if (byStatus === undefined) all.set(operation, (byStatus = new Map()));
    let series = byStatus.get(status);
    if (series === undefined) {
      series = { operation, status, counts: Array.from({ length: bounds.length + 1 }, () => 0), sum: 0 };
      byStatus.set(status, series);
    }
    return series;
  };
  return {
    observe(operation, status, seconds) {
      const series = seriesOf(operation, status);
      let bucket = 0;
      while (bucket < bounds.length && seconds > (bounds[bucket] ?? Infinity)) bucket += 1;
      series.counts[bucket] = (series.counts[bucket] ?? 0) + 1;
      series.sum += seconds;
    },
    render() {
      const lines = [`# HELP ${name} Requests by operation and status.`, `# TYPE ${name} histogram`];
      for (const byStatus of all.values()) for (const series of byStatus.values()) lines.push(...linesOf(series));
      return `${lines.join("\n")}\n`;
    },
  };
}

function linesOf({ operation, status, counts, sum }: Series): string[] {
  const labels = `operation="${operation}",status="${status}"`;
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    return `${name}_bucket{${labels},le="${bounds[index] ?? "+Inf"}"} ${total}`;
  });
  return [...buckets, `${name}_sum{${labels}} ${sum}`, `${name}_count{${labels}} ${total}`];
}

import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { ensureProgram } from "./programs.ts";

const run = promisify(execFile);

export type HttpLoad = {
  readonly requests: number;
  readonly perSecond: number;
  /** ms. */
  readonly p50: number;
  readonly p99: number;
};

const Said = z.object({
  requests: z.number(),
  us: z.number(),
  failed: z.number(),
  p50: z.number(),
  p99: z.number(),
});

/**
 * One GET over and over from `connections` open connections, each with one
 * request under way at a time. Throws where any answer was not a success.
 * Headers go through a private file: arguments are in everybody's process list.
 */
export async function loadHttp(options: {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly seconds: number;
  readonly connections: number;
  readonly directory: string;
}): Promise<HttpLoad> {
  await ensureProgram("wrk");
  const script = join(options.directory, `${randomUUID()}.lua`);
  await writeFile(script, luaScript(options.headers ?? {}), { mode: 0o600 });
  const { connections, seconds, url } = options;
  const { stdout } = await run("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, url]);
  const said = Said.parse(JSON.parse(/^RESULT (.*)$/m.exec(stdout)?.[1] ?? "null"));
  if (said.failed > 0) throw new Error(`${said.failed} of ${said.requests} requests to ${options.url} failed`);
  return {
    requests: said.requests,
    perSecond: (said.requests / said.us) * 1e6,
    p50: said.p50 / 1000,
    p99: said.p99 / 1000,
  };
}

function luaScript(headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  return `${lines.join("\n")}
done = function(summary, latency, requests)
  local e = summary.errors
  print(string.format('RESULT {"requests":%d,"us":%d,"failed":%d,"p50":%d,"p99":%d}',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
`;
}

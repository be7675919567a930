import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { type Child, startChild } from "./child.ts";
import { ensurePeer } from "./ensure.ts";
import { freePort, isListening } from "./ports.ts";
import { tempDirectory } from "./temp-directory.ts";
import { waitFor } from "./wait-for.ts";

export type NginxStream = {
  readonly application: string;
  readonly name: string;
  readonly publishing: boolean;
  readonly bytesIn: number;
  readonly clients: number;
};

export type NginxRtmp = {
  readonly process: Child;
  readonly rtmpPort: number;
  /** Publish to it under any name: `rtmp://127.0.0.1:PORT/live` + `/NAME`. */
  readonly liveUrl: string;
  /** Refuses every name that is not in `keys`. */
  readonly keyedUrl: string;
  /** The names that `keyedUrl` accepts now; add to it, delete from it. */
  readonly keys: Set<string>;
  /** What it receives at this moment, from its own statistics. */
  readonly streams: () => Promise<NginxStream[]>;
  /** FLV files of what was published under that name, oldest first; each is complete once its publisher is gone. */
  readonly recordings: (name: string) => Promise<string[]>;
  readonly stop: () => Promise<void>;
};

/** Starts nginx with its RTMP module: it takes what it is sent, records it, and relays nothing. */
export async function startNginxRtmp(options: { readonly keys?: readonly string[] } = {}): Promise<NginxRtmp> {
  await ensurePeer("nginx-rtmp");
  const keys = new Set(options.keys ?? ["right-key"]);
  const gate = await startGate(keys);
  const directory = await tempDirectory("nginx");
  const rtmpPort = await freePort();
  const statPort = await freePort();
  const configuration = join(directory.path, "nginx.conf");
  await writeFile(configuration, nginxConfiguration(directory.path, rtmpPort, statPort, gate.port));
  const nginx = await startChild("nginx", ["-p", directory.path, "-c", configuration, "-e", "stderr"], {
    env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` },
  });
  const stop = async (): Promise<void> => {
    await nginx.stop();
    await gate.close();
    await directory.remove();
  };
  try {
    await waitFor("nginx listens", async () => {
      if (nginx.hasExited()) throw new Error(`nginx ended: ${nginx.output()}`);
      return (await isListening("tcp", rtmpPort)) && (await isListening("tcp", statPort));
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    process: nginx,
    rtmpPort,
    liveUrl: `rtmp://127.0.0.1:${rtmpPort}/live`,
    keyedUrl: `rtmp://127.0.0.1:${rtmpPort}/keyed`,
    keys,
    streams: async () => parseStatistics(await (await fetch(`http://127.0.0.1:${statPort}/stat`)).text()),
    recordings: async (name) =>
      (await readdir(directory.path))
        .filter((file) => file.startsWith(`${name}-`) && file.endsWith(".flv"))
        .sort()
        .map((file) => join(directory.path, file)),
    stop,
  };
}

/** What nginx asks whether a name may be published (its `on_publish`). */
async function startGate(keys: ReadonlySet<string>): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void answer(request, response, keys);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the gate has no port");
  return {
    port: address.port,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, keys: ReadonlySet<string>): Promise<void> {
  const name = new URLSearchParams(await text(request)).get("name") ?? "";
  response.writeHead(keys.has(name) ? 200 : 403).end();
}

/** One process without a master, so that its pid is all there is to it; its files all in `directory`. */
function nginxConfiguration(directory: string, rtmpPort: number, statPort: number, gatePort: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${directory}/${kind};`)
    .join(" ");
  const record = `record all; record_path ${directory}; record_unique on; record_suffix -%s.flv;`;
  return `
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off;
master_process off;
pid ${directory}/nginx.pid;
error_log stderr warn;
events { worker_connections 256; }
http {
  access_log off; ${temporary}
  server { listen 127.0.0.1:${statPort}; location /stat { rtmp_stat all; } }
}
rtmp {
  access_log off;
  server {
    listen 127.0.0.1:${rtmpPort};
    application live { live on; ${record} }
    application keyed { live on; on_publish http://127.0.0.1:${gatePort}/; ${record} }
  }
}
`;
}

/** Reads the module's statistics page, a fixed layout of its own. */
function parseStatistics(xml: string): NginxStream[] {
  const streams: NginxStream[] = [];
  for (const [, application = "", body = ""] of xml.matchAll(
    /<application>\s*<name>([^<]*)<\/name>(.*?)<\/application>/gs,
  ))
    for (const [, stream = ""] of body.matchAll(/<stream>(.*?)<\/stream>/gs))
      streams.push({
        application,
        name: /<name>([^<]*)<\/name>/.exec(stream)?.[1] ?? "",
        publishing: /<client>(?:(?!<\/client>).)*<publishing\/>/s.test(stream),
        bytesIn: Number(/<bytes_in>(\d+)<\/bytes_in>/.exec(stream)?.[1] ?? 0),
        clients: Number(/<nclients>(\d+)<\/nclients>/.exec(stream)?.[1] ?? 0),
      });
  return streams;
}

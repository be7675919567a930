import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensurePeer, freePort, isListening, startChild, waitFor } from "@trax/peers";

export type Nginx = {
  readonly pid: number;
  /** `rtmp://127.0.0.1:PORT/APP`; the stream's name follows. */
  readonly url: (app: string) => string;
  /** Bytes received so far of each stream, by `APP/NAME`, from its own statistics. */
  readonly received: () => Promise<Map<string, number>>;
  readonly stop: () => Promise<void>;
};

/**
 * nginx with its RTMP module, one process, nothing recorded. What is published
 * to an application goes to its `push` addresses.
 */
export async function startNginx(
  directory: string,
  applications: readonly { readonly name: string; readonly pushes: readonly string[] }[],
): Promise<Nginx> {
  await ensurePeer("nginx-rtmp");
  const [rtmpPort, statPort] = [await freePort(), await freePort()];
  const home = join(directory, `nginx-${rtmpPort}`);
  await mkdir(home);
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((kind) => `${kind}_temp_path ${home}/${kind};`)
    .join(" ");
  const blocks = applications.map(
    ({ name, pushes }) => `application ${name} { live on; ${pushes.map((url) => `push ${url};`).join(" ")} }`,
  );
  const file = join(home, "nginx.conf");
  await writeFile(
    file,
    `load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off;
master_process off;
pid ${home}/nginx.pid;
error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off; ${temporary}
  server { listen 127.0.0.1:${statPort}; location /stat { rtmp_stat live; } }
}
rtmp {
  access_log off;
  server { listen 127.0.0.1:${rtmpPort}; ${blocks.join("\n")} }
}
`,
  );
  const child = await startChild("nginx", ["-p", home, "-c", file, "-e", "stderr"], {
    env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` },
  });
  try {
    await waitFor("nginx listens", async () => {
      if (child.hasExited()) throw new Error(`nginx ended: ${child.output()}`);
      return (await isListening("tcp", rtmpPort)) && (await isListening("tcp", statPort));
    });
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    pid: child.pid,
    url: (app) => `rtmp://127.0.0.1:${rtmpPort}/${app}`,
    received: async () => readStatistics(await (await fetch(`http://127.0.0.1:${statPort}/stat`)).text()),
    stop: () => child.stop(),
  };
}

/** The module's statistics page has a fixed layout of its own. */
function readStatistics(xml: string): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const [, app = "", body = ""] of xml.matchAll(/<application>\s*<name>([^<]*)<\/name>(.*?)<\/application>/gs))
    for (const [, stream = ""] of body.matchAll(/<stream>(.*?)<\/stream>/gs)) {
      const name = /<name>([^<]*)<\/name>/.exec(stream)?.[1] ?? "";
      bytes.set(`${app}/${name}`, Number(/<bytes_in>(\d+)<\/bytes_in>/.exec(stream)?.[1] ?? 0));
    }
  return bytes;
}

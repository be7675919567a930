import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { freePort, isListening } from "./ports.ts";
import { tempDirectory } from "./temp-directory.ts";
import { waitFor } from "./wait-for.ts";

export type NodeMediaServerPublisher = { readonly streamPath: string; readonly inBytes: number };

export type NodeMediaServer = {
  readonly pid: number;
  /** Without the key: any name of letters, digits, `-` and `_` may be published under it. */
  readonly rtmpUrl: string;
  /** The key under which `name` may be published: the name itself, and its signature where a secret was set. */
  readonly streamKey: (name: string) => string;
  readonly publishers: () => Promise<NodeMediaServerPublisher[]>;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
};

/** Starts node-media-server; with a `secret`, only signed keys are accepted. It never acknowledges bytes. */
export async function startNodeMediaServer(options: { readonly secret?: string } = {}): Promise<NodeMediaServer> {
  const directory = await tempDirectory("nms");
  const port = await freePort();
  const settings = { port, directory: directory.path, secret: options.secret ?? null };
  const child = fork(join(import.meta.dirname, "node-media-server-process.ts"), [JSON.stringify(settings)], {
    cwd: directory.path,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (errors = (errors + text).slice(-4000)));
  const exited = once(child, "exit");
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
    await directory.remove();
  };
  try {
    await waitFor("node-media-server listens", () => {
      if (hasExited()) throw new Error(`node-media-server ended: ${errors}`);
      return isListening("tcp", port);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    pid: child.pid ?? 0,
    rtmpUrl: `rtmp://127.0.0.1:${port}/live`,
    streamKey: (name) =>
      options.secret === undefined ? name : `${name}?sign=${sign(`/live/${name}`, options.secret)}`,
    publishers: async () => {
      const answered = once(child, "message");
      child.send({ type: "sessions" });
      const [answer]: unknown[] = await answered;
      return publishersOf(answer);
    },
    signal: (name) => void child.kill(name),
    stop,
  };
}

/** Its own scheme: the second it expires, and an MD5 over path, expiry and secret. */
function sign(path: string, secret: string): string {
  const expires = Math.floor(Date.now() / 1000) + 3600;
  return `${expires}-${createHash("md5").update(`${path}-${expires}-${secret}`).digest("hex")}`;
}

function publishersOf(answer: unknown): NodeMediaServerPublisher[] {
  if (typeof answer !== "object" || answer === null || !("publishers" in answer)) return [];
  const { publishers } = answer;
  if (!Array.isArray(publishers)) return [];
  return publishers.flatMap((publisher: unknown) => {
    if (typeof publisher !== "object" || publisher === null) return [];
    if (!("streamPath" in publisher) || !("inBytes" in publisher)) return [];
    const { streamPath, inBytes } = publisher;
    return typeof streamPath === "string" && typeof inBytes === "number" ? [{ streamPath, inBytes }] : [];
  });
}

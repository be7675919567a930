import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { DataDirectory } from "./data-directory.ts";

/** The system takes 107 bytes as the address of a Unix socket. */
const longestSocketPath = 100;

/** Answers JSON on a Unix socket in a directory that only its owner (and root) can enter. */
export class StatusServer {
  readonly path: string;
  readonly #server: Server;
  readonly #temporary: string | null;

  /** `routes` give, for a path, what to answer. */
  static async open(
    directory: DataDirectory,
    routes: Readonly<Record<string, () => Promise<unknown>>>,
  ): Promise<StatusServer> {
    const usual = join(directory.run, "supervisor.sock");
    const isShort = Buffer.byteLength(usual) <= longestSocketPath;
    const path = isShort ? usual : join(await mkdtemp(join(tmpdir(), "trax-")), "supervisor.sock");
    await rm(path, { force: true });
    const server = createServer((incoming, outgoing) => {
      const route = routes[incoming.url ?? ""];
      const answer = (status: number, body: unknown): void => {
        outgoing.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
      };
      if (route === undefined) answer(404, { error: "not found" });
      else
        route().then(
          (body) => answer(200, body),
          (error: unknown) => answer(503, { error: String(error) }),
        );
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    return new StatusServer(path, server, isShort ? null : dirname(path));
  }

  private constructor(path: string, server: Server, temporary: string | null) {
    this.path = path;
    this.#server = server;
    this.#temporary = temporary;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
    if (this.#temporary !== null) await rm(this.#temporary, { recursive: true, force: true });
  }
}

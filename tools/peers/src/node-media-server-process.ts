/**
 * Runs node-media-server in a process of its own, because it keeps its state in
 * module globals and ends the process it is in when a port is taken. Speaks
 * over IPC: `{type: "sessions"}` is answered with its publishers.
 */
import { createRequire } from "node:module";

type Settings = { readonly port: number; readonly directory: string; readonly secret: string | null };
type Session = { readonly streamPath: string; readonly inBytes: number; readonly isPublisher: boolean };
type Server = { run(): Promise<void> };

const require = createRequire(import.meta.url);
const NodeMediaServer: new (config: object, path: string) => Server = require("node-media-server");
const context: { readonly sessions: ReadonlyMap<string, Session> } = require("node-media-server/src/core/context.js");

const settings = parse(process.argv[2] ?? "");
const server = new NodeMediaServer(
  {
    bind: "127.0.0.1",
    rtmp: { port: settings.port },
    store: { path: `${settings.directory}/store` },
    auth: { play: false, publish: settings.secret !== null, secret: settings.secret ?? "" },
  },
  `${settings.directory}/config.json`,
);

process.once("disconnect", () => process.exit(0));
process.on("message", () => {
  const publishers = [...context.sessions.values()]
    .filter((session) => session.isPublisher)
    .map(({ streamPath, inBytes }) => ({ streamPath, inBytes }));
  process.send?.({ type: "sessions", publishers });
});
await server.run();

function parse(text: string): Settings {
  const value: unknown = JSON.parse(text);
  if (typeof value === "object" && value !== null && "port" in value && "directory" in value && "secret" in value) {
    const { port, directory, secret } = value;
    if (typeof port === "number" && typeof directory === "string" && (secret === null || typeof secret === "string"))
      return { port, directory, secret };
  }
  throw new Error("settings {port, directory, secret} are wanted as JSON");
}

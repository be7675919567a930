import type { Socket } from "node:net";
import { formatLine, type IrcLine, parseLine } from "./line.ts";

export const serverName = "ircv3.trax.test";

/** What it offers, as in CAP LS 302 (ircv3.net/irc). */
export const capabilities: Readonly<Record<string, string>> = {
  "message-tags": "",
  "server-time": "",
  "account-tag": "",
  "echo-message": "",
  batch: "",
  sasl: "PLAIN",
  "draft/chathistory": "",
  "draft/message-redaction": "",
};

/** One connection: its capabilities, who it is, and its lines. */
export class Session {
  readonly socket: Socket;
  readonly caps = new Set<string>();
  nick = "";
  user = "";
  account: string | null = null;
  negotiating = false;
  registered = false;
  #rest = "";

  constructor(socket: Socket, onLine: (line: IrcLine, raw: string) => void) {
    this.socket = socket.setEncoding("utf8").on("error", () => socket.destroy());
    socket.on("data", (text) => {
      const lines = (this.#rest + String(text)).split(/\r?\n/);
      this.#rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") onLine(parseLine(line), line);
    });
  }

  get mask(): string {
    return `${this.nick}!${this.user}@trax.test`;
  }

  /** Without the tags that it has no capability for. */
  send(command: string, params: readonly string[], from = serverName, tags: IrcLine["tags"] = {}): void {
    const kept = Object.entries(tags).filter(([name]) => {
      if (this.caps.has("message-tags")) return name !== "batch" || this.caps.has("batch");
      return (
        (name === "time" && this.caps.has("server-time")) ||
        (name === "account" && this.caps.has("account-tag")) ||
        (name === "batch" && this.caps.has("batch"))
      );
    });
    this.socket.write(`${formatLine({ tags: Object.fromEntries(kept), prefix: from, command, params })}\r\n`);
  }

  /** A numeric reply (RFC 2812 section 5). */
  reply(numeric: string, ...params: readonly string[]): void {
    this.send(numeric, [this.nick === "" ? "*" : this.nick, ...params]);
  }
}

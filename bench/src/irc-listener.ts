import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

export type IrcListener = { readonly stop: () => Promise<void> };

/** Somebody in a channel of an IRC server on this machine: `hear` is called with what others say the moment it comes. */
export async function listenOnIrc(port: number, channel: string, hear: (text: string) => void): Promise<IrcListener> {
  const socket = connect(port, "127.0.0.1");
  const joined = Promise.withResolvers<void>();
  socket.on("error", joined.reject);
  createInterface({ input: socket }).on("line", (line) => {
    const [, command, rest = ""] = /^(?::\S+ )?(\S+) ?(.*)$/.exec(line) ?? [];
    if (command === "PING") socket.write(`PONG ${rest}\r\n`);
    else if (command === "001") socket.write(`JOIN ${channel}\r\n`);
    else if (command === "366") joined.resolve();
    else if (command === "PRIVMSG") hear(rest.slice(rest.indexOf(":") + 1));
  });
  socket.write("NICK listener\r\nUSER listener 0 * :listener\r\n");
  await joined.promise;
  return {
    stop: async () => {
      const closed = once(socket, "close");
      socket.destroy();
      await closed;
    },
  };
}

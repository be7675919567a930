import { randomUUID } from "node:crypto";
import { Secret } from "@trax/foundation/secret";
import type { Platform, PlatformClient, PlatformContext } from "../../platform.ts";
import { readAccount } from "./address.ts";
import { openIrcChat } from "./chat.ts";
import { joinChannel } from "./connection.ts";
import { folded } from "./line.ts";
import { identOf, IrcPool } from "./pool.ts";

/**
 * What a message may have, so that a line never passes 512 bytes (RFC 2812, 2.3)
 * when the server puts before it whom it is from: a host of 63, our user's name,
 * and a nick and a channel of 100 together.
 */
export const longestBytes = 320;

/** IRC, any server (RFC 2812, ircv3.net). */
export const platform: Platform = {
  name: "irc",
  title: "IRC",
  capabilities: {
    linking: "credentials",
    ingestUrl: null,
    metadata: [],
    chat: { read: true, send: true, replies: true, longest: longestBytes, longestBytes, longer: "split" },
  },
  settings: {},
  open,
};

function open({ allowedNetworks }: PlatformContext): PlatformClient {
  const pool = new IrcPool(allowedNetworks);
  return {
    async link(given) {
      const account = readAccount(given);
      const { host, port, channel, nick, username } = account;
      const connection = await joinChannel({
        account,
        password: given["password"] === undefined ? null : new Secret(given["password"]),
        ident: identOf(randomUUID()),
        ourselves: "",
        allowedNetworks,
      });
      connection.close();
      return {
        platformUserId: `${folded(nick)}@${host.toLowerCase()}:${port}/${folded(channel)}`,
        accountName: `${nick} in ${channel} (${host})`,
        scopes: [],
        settings: { server: given["server"] ?? "", channel, nick, username },
        secrets: { ...(given["password"] === undefined ? {} : { password: given["password"] }), expiresAt: null },
      };
    },
    ...openIrcChat(pool),
    close: () => pool.close(),
  };
}

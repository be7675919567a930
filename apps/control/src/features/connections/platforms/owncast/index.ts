import { Secret } from "@trax/foundation/secret";
import { asAccount } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { Platform, PlatformClient, PlatformContext } from "../../platform.ts";
import { baseOf, openOwncastChat } from "./chat.ts";
import { openOwncastApi } from "./instance.ts";

/** Where every instance takes streams unless its owner changed it; its API does not tell. */
const rtmpPort = 1935;

/** Owncast, any instance (owncast.online). */
export const platform: Platform = {
  name: "owncast",
  title: "Owncast",
  capabilities: {
    linking: "credentials",
    // Of no instance: the address comes with the connection.
    ingestUrl: "rtmp://owncast.invalid/live",
    metadata: ["title"],
    chat: { read: true, send: true, replies: false, longest: null, longer: "split" },
  },
  settings: {},
  open,
};

function open({ http, allowedNetworks }: PlatformContext): PlatformClient {
  const api = openOwncastApi(http);
  return {
    async link({ url = "", accessToken = "", streamKey }) {
      const base = baseAt(url);
      if (accessToken === "") throw new PlatformError("refused", "An access token of an integration is needed.");
      const name = await api.name(base);
      await api.checkMaySend(base, new Secret(accessToken));
      return {
        platformUserId: base,
        accountName: name === "" ? new URL(base).host : name,
        scopes: ["CAN_SEND_MESSAGES"],
        settings: { url: base },
        // The stream key is kept where a password would be.
        secrets: { accessToken, ...(streamKey === undefined ? {} : { password: streamKey }), expiresAt: null },
      };
    },
    ingest(session) {
      const streamKey = session.password();
      if (streamKey === null)
        throw new PlatformError("refused", "Owncast does not tell its stream key: link it again with `streamKey`.");
      const url = `rtmp://${new URL(baseOf(session)).hostname}:${rtmpPort}/live`;
      return Promise.resolve({ url, streamKey: streamKey.reveal() });
    },
    async setMetadata(session, { title }) {
      if (title !== undefined) await asAccount(session, (token) => api.setTitle(baseOf(session), token, title));
    },
    ...openOwncastChat(api, allowedNetworks),
  };
}

/** The address as it is compared and added to: without a slash at its end. */
function baseAt(given: string): string {
  const url = URL.parse(given);
  if (url === null || (url.protocol !== "https:" && url.protocol !== "http:"))
    throw new PlatformError("refused", "The address has to be as in https://live.example.com.");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new PlatformError("refused", "The address has to be that of the instance, and nothing more.");
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

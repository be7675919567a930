import type { Capabilities, PlatformClient, PlatformSession } from "../connections/index.ts";

/** What chat needs of connections. The composition root joins the two. */
export type ChatConnections = {
  /** What a platform can do with chat; null: there is no such platform here. */
  capabilities(platform: string): Capabilities["chat"] | null;
  /** A platform that is configured, for what it posts to us. */
  client(platform: string): PlatformClient | null;
  /** A linked account, ready to be used. Throws a `PlatformError`: `unauthorized` where it is gone or needs to be linked again. */
  open(connectionId: string): Promise<{ readonly client: PlatformClient; readonly session: PlatformSession }>;
};

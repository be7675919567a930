import type {
  Connection,
  ConnectionCreate,
  ConnectionMetadata,
  DestinationCreate,
  PlatformView,
  ResponseOf,
  operations,
} from "@trax/contract";
import { Platform as DestinationPlatform } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { ApiError, invalidRequest, notFound } from "../../kernel/errors.ts";
import { LaterAnswer } from "../../kernel/later-answer.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import type { Connections } from "./connections.ts";
import { storeLink } from "./link.ts";
import { PlatformError } from "./platform.ts";
import type { Platform } from "./platform.ts";
import { asRefusal } from "./platform-refusal.ts";
import type { Registry } from "./registry.ts";
import { findConnection, holdConnection, listConnections } from "./sql.ts";
import { connectionView, platformView, quotasOf } from "./view.ts";

export function listOfPlatforms(registry: Registry): { data: PlatformView[] } {
  return { data: registry.all.map(platformView) };
}

export async function listOfConnections(
  db: Queryable,
  accountId: string,
  { registry, cursors }: { readonly registry: Registry; readonly cursors: Cursors },
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ResponseOf<(typeof operations)["listConnections"]>> {
  const list = { list: "connections", accountId };
  const below = cursors.read(list, query.cursor);
  const found = await listConnections(db, accountId, { below, limit: query.limit + 1 });
  const quotas = await quotasOf(registry, found);
  return pageOf(
    found,
    query.limit,
    (id) => cursors.write(list, id),
    (row) => connectionView(registry, row, quotas),
  );
}

export async function getConnection(
  db: Queryable,
  accountId: string,
  connectionId: string,
  registry: Registry,
): Promise<Connection> {
  const row = await findConnection(db, accountId, connectionId);
  if (row === undefined) throw notFound("connection");
  return connectionView(registry, row, await quotasOf(registry, [row]));
}

/** An IRC server may take 10 s to be reached and 20 s to let TRaX in, an Owncast twice 10 s; names are resolved besides. */
const longestLinkMs = 60_000;

/** Links by what the request holds, once the platform has taken it. */
export function createConnection(
  connections: Connections,
  accountId: string,
  { platform, ...given }: ConnectionCreate,
): LaterAnswer<Connection> {
  const { registry, database } = connections;
  const known = registry.find(platform);
  const client = known?.client ?? null;
  if (known === null || client === null) throw new ApiError("platform_not_configured");
  const link = client.link?.bind(client);
  if (link === undefined)
    throw new ApiError(
      "platform_not_configured",
      `${known.platform.title} accounts are linked in a browser: see authorizeConnection.`,
    );
  const fields = Object.entries(given).flatMap(([name, text]): [string, string][] =>
    text === undefined ? [] : [[name, text]],
  );
  return new LaterAnswer(async () => {
    try {
      const id = await storeLink(connections, accountId, platform, await link(Object.fromEntries(fields)));
      return await getConnection(database, accountId, id, registry);
    } catch (error) {
      // Its server is one that the request named: whatever is wrong there, another request mends it.
      throw error instanceof PlatformError ? new ApiError("platform_refused", error.message) : error;
    }
  }, longestLinkMs);
}

/** Sets what viewers are told of the account's stream, at the platform. */
export async function setMetadata(
  db: Queryable,
  connections: Connections,
  accountId: string,
  connectionId: string,
  metadata: ConnectionMetadata,
): Promise<LaterAnswer<void>> {
  const row = await findConnection(db, accountId, connectionId);
  if (row === undefined) throw notFound("connection");
  const known = connections.registry.find(row.platform);
  const settable = known?.platform.capabilities.metadata ?? [];
  const asked = (["title", "category"] as const).filter((name) => metadata[name] !== undefined);
  const missing = asked.find((name) => !settable.includes(name));
  if (missing !== undefined)
    throw new ApiError(
      "platform_refused",
      `${known?.platform.title ?? row.platform} does not let the ${missing} be set.`,
    );
  if (metadata.title !== undefined && known !== null) requireTitleFits(metadata.title, known.platform);
  return new LaterAnswer(async () => {
    try {
      const { title, category } = metadata;
      const { session, client } = await connections.open(connectionId);
      const given = {
        ...(title === undefined ? {} : { title }),
        ...(category === undefined ? {} : { category }),
      };
      if (asked.length > 0) await client.setMetadata?.(session, given);
    } catch (error) {
      throw asRefusal(error);
    }
  });
}

/** Cut, it would be another than was asked for. */
function requireTitleFits(title: string, platform: Platform): void {
  const most = platform.capabilities.longestTitle;
  if (most === undefined || [...title.trim()].length <= most) return;
  const details = [{ path: "body.title", message: `must be at most ${most} characters` }];
  throw invalidRequest(`${platform.title} takes titles of at most ${most} characters.`, details);
}

/** What a destination made from a connection is, until its platform tells better at go-live. */
export async function destinationOf(
  db: Queryable,
  accountId: string,
  connectionId: string,
  registry: Registry,
): Promise<{ readonly platform: DestinationCreate["platform"]; readonly url: string }> {
  const name = await holdConnection(db, accountId, connectionId);
  if (name === null) {
    const details = [{ path: "body.connectionId", message: "must be a connection of this account" }];
    throw invalidRequest("The body names what is not there.", details);
  }
  const known = registry.find(name);
  const url = known?.platform.capabilities.ingestUrl ?? null;
  if (url === null) throw new ApiError("platform_refused", `${known?.platform.title ?? name} cannot be streamed to.`);
  const { data } = DestinationPlatform.safeParse(name);
  return { platform: data ?? "custom", url };
}

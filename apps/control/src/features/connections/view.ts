import type { Connection, PlatformCapabilities, PlatformView } from "@trax/contract";
import type { Platform } from "./platform.ts";
import type { OpenPlatform, Registry } from "./registry.ts";
import type { ConnectionRow } from "./sql.ts";

function capabilitiesOf({ capabilities }: Platform): PlatformCapabilities {
  const { linking, ingestUrl, metadata, longestTitle = null } = capabilities;
  const { longestBytes: _, ...chat } = capabilities.chat;
  return { linking, ingest: ingestUrl !== null, metadata: [...metadata], longestTitle, chat };
}

/** Of a platform whose folder is gone. */
const nothing: PlatformCapabilities = {
  linking: "oauth",
  ingest: false,
  metadata: [],
  longestTitle: null,
  chat: { read: false, send: false, replies: false, longest: null, longer: "refuse" },
};

export function platformView({ platform, client }: OpenPlatform): PlatformView {
  return {
    platform: platform.name,
    title: platform.title,
    configured: client !== null,
    capabilities: capabilitiesOf(platform),
  };
}

export type QuotaView = Connection["quota"];

/** The quotas of the platforms of these rows, each read once. */
export async function quotasOf(registry: Registry, rows: readonly ConnectionRow[]): Promise<Map<string, QuotaView>> {
  const quotas = new Map<string, QuotaView>();
  for (const name of new Set(rows.map(({ platform }) => platform))) {
    const read = await registry.find(name)?.quota?.read();
    if (read !== undefined) quotas.set(name, { ...read, resetsAt: read.resetsAt.toISOString() });
  }
  return quotas;
}

export function connectionView(
  registry: Registry,
  row: ConnectionRow,
  quotas: ReadonlyMap<string, QuotaView>,
): Connection {
  const platform = registry.find(row.platform)?.platform;
  return {
    ...row,
    capabilities: platform === undefined ? nothing : capabilitiesOf(platform),
    quota: quotas.get(row.platform) ?? null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

import { existsSync } from "node:fs";
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import type { PlatformSettings } from "@trax/foundation/config";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import { openPlatformHttp } from "./http.ts";
import type { Platform, PlatformClient } from "./platform.ts";
import { openQuota } from "./quota.ts";
import type { Quota } from "./quota.ts";

/** A platform with what the operator has set for it. */
export type OpenPlatform = {
  readonly platform: Platform;
  /** Null: the operator has not set what it needs. */
  readonly client: PlatformClient | null;
  /** Null: it has none. */
  readonly quota: Quota | null;
};

export type Registry = {
  readonly all: readonly OpenPlatform[];
  find(name: string): OpenPlatform | null;
  close(): void;
};

export const platformsDirectory = new URL("platforms/", import.meta.url);

/** Every platform there is a folder of, by name: one with an `index.ts`. Throws where that exports none of that name. */
export async function loadPlatforms(directory: URL = platformsDirectory): Promise<readonly Platform[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const isPlatformFolder = (entry: Dirent): boolean =>
    entry.isDirectory() && existsSync(new URL(`${entry.name}/index.ts`, directory));
  const names = entries.flatMap((entry) => (isPlatformFolder(entry) ? [entry.name] : [])).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const module: unknown = await import(new URL(`${name}/index.ts`, directory).href);
      const platform = typeof module === "object" && module !== null && "platform" in module ? module.platform : null;
      if (!isPlatform(platform) || platform.name !== name)
        throw new Error(`platforms/${name}/index.ts exports no \`platform\` of that name`);
      return platform;
    }),
  );
}

function isPlatform(value: unknown): value is Platform {
  return (
    typeof value === "object" &&
    value !== null &&
    "name" in value &&
    "capabilities" in value &&
    "settings" in value &&
    "open" in value &&
    typeof value.open === "function"
  );
}

/** The environment variable of a platform's setting. */
export function variableOf(platform: string, setting: string): string {
  return `TRAX_${platform.toUpperCase().replaceAll("-", "_")}_${setting}`;
}

/** Opens each platform with what the operator set. */
export function openPlatforms(
  platforms: readonly Platform[],
  given: {
    readonly settings: PlatformSettings;
    readonly allowedNetworks: readonly string[];
    readonly publicUrl: string;
    readonly database: Database;
    readonly log: Logger;
  },
): Registry {
  const closing: (() => void)[] = [];
  const all = platforms.map((platform): OpenPlatform => {
    const setting = (name: string): string | null => {
      const known = platform.settings[name];
      if (known === undefined) throw new Error(`${platform.name} has no setting ${name}`);
      const text = given.settings.get(variableOf(platform.name, name))?.reveal() ?? "";
      return text === "" ? known.otherwise : text;
    };
    const quota =
      platform.quota === undefined ? null : openQuota(given.database, platform, setting(platform.quota.setting));
    const http = openPlatformHttp(platform.title, given.allowedNetworks);
    closing.push(() => http.close());
    const client = platform.open({
      setting,
      http,
      allowedNetworks: given.allowedNetworks,
      publicUrl: given.publicUrl,
      log: given.log.child({ platform: platform.name }),
      spend: (units, left) => quota?.spend(units, left) ?? Promise.resolve(),
    });
    closing.push(() => client?.close?.());
    return { platform, client, quota };
  });
  const byName = new Map(all.map((one) => [one.platform.name, one]));
  return {
    all,
    find: (name) => byName.get(name) ?? null,
    close: () => closing.forEach((close) => close()),
  };
}

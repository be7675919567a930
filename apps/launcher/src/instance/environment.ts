import { ConfigError, readConfig } from "@trax/foundation/config";
import type { Config } from "@trax/foundation/config";
import { Failure } from "../failure.ts";
import { portNames } from "../ports/ports.ts";
import type { Ports } from "../ports/ports.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** Marks the processes of an instance: the data directory's id. */
export const instanceMark = "TRAX_INSTANCE";

/** A first show on one machine needs no platform and no settings. Whatever is set, even to nothing, beats these. */
export const upDefaults = {
  PUBLIC_API_WRITE_ENABLED: "true",
  TRAX_ALLOWED_NETWORKS: "127.0.0.0/8,::1/128",
} as const;

export function withDefaults(environment: Environment): Environment {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined));
  return { ...upDefaults, ...set };
}

/** Reads what the operator set, so that a wrong value is said before anything is started. */
export function readSettings(environment: Environment): Config {
  try {
    return readConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new Failure(error.message, "docs/configuration.md lists what each variable takes", { cause: error });
  }
}

/** What TRaX's own processes are started with: what the operator set, and what `up` decided. */
export function childEnvironment(
  environment: Environment,
  decided: {
    readonly databaseUrl: string;
    readonly ports: Ports;
    readonly dataDir: string;
    readonly instanceId: string;
    readonly mediaMtxBinary: string;
    readonly encryptionKeys: string;
  },
): NodeJS.ProcessEnv {
  return {
    ...environment,
    ...Object.fromEntries(portNames.map((name) => [name, String(decided.ports[name])])),
    DATABASE_URL: decided.databaseUrl,
    TRAX_DATA_DIR: decided.dataDir,
    TRAX_MEDIAMTX_BINARY: decided.mediaMtxBinary,
    TRAX_ENCRYPTION_KEYS: environment["TRAX_ENCRYPTION_KEYS"] ?? decided.encryptionKeys,
    [instanceMark]: decided.instanceId,
  };
}

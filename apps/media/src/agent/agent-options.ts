import type { ChildProcess } from "node:child_process";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { Vault } from "@trax/foundation/vault";
import type { IngestProtocol, RouterLink, RouterPath } from "../mediamtx/api.ts";
import type { OrphanList } from "./orphans.ts";

/** What the agent of a node is given: what it knows of the node, and its ways to the router, workers and files. */
export type AgentOptions = {
  readonly db: Database;
  readonly vault: Vault;
  readonly log: Logger;
  readonly nodeId: string;
  readonly dataDir: string;
  readonly allowedNetworks: readonly string[];
  readonly orphans: OrphanList;
  /** The router's list of paths; rejects while it does not answer. */
  readonly paths: () => Promise<readonly RouterPath[]>;
  /** What its publishers by that protocol have lost. */
  readonly links: (protocol: IngestProtocol) => Promise<readonly RouterLink[]>;
  /** Where a worker plays a router path from, and where it publishes one to. */
  readonly playUrl: (path: string) => string;
  readonly publishUrl: (path: string) => string;
  readonly linkPath: (studioId: string) => string;
  /** Starts a program worker process. */
  readonly forkProgram: () => ChildProcess;
  /** Where something of the media library is on this machine; null while it is not. */
  readonly assetPath: (key: string) => string | null;
  /** Processor cores that programs may use; null: nine tenths of those there are. */
  readonly programCores: number | null;
};

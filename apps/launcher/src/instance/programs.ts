import { join } from "node:path";
import { ensureMediaMtx } from "../../../../tools/mediamtx/src/ensure.ts";
import { root } from "../repository.ts";

/** What an instance is made of, beside the database. Tests put stand-ins here. */
export type Programs = {
  readonly control: string;
  readonly media: string;
  readonly migrate: string;
  readonly admin: string;
  /** Gives the path of a MediaMTX binary, getting it first where there is none. */
  readonly getMediaMtx: (log: (line: string) => void, signal: AbortSignal) => Promise<string>;
};

export const realPrograms: Programs = {
  control: join(root, "apps/control/src/main.ts"),
  media: join(root, "apps/media/src/main.ts"),
  migrate: join(root, "apps/control/src/migrate.ts"),
  admin: join(root, "apps/control/src/admin.ts"),
  getMediaMtx: async (log, signal) => (await ensureMediaMtx({ log, signal })).path,
};

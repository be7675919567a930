import type { Queryable } from "@trax/foundation/database";
import { watch } from "@trax/media-protocol";

const watchedSeconds = 30;

/** How often to say so again while somebody goes on following, ms. */
export const metersWantedEveryMs = 10_000;

/** Says that somebody follows what is heard of a studio. */
export async function wantMeters(
  db: Queryable,
  studio: { readonly accountId: string; readonly studioId: string },
): Promise<void> {
  await watch(db, studio, "meters", watchedSeconds);
}

import sql from "sql-template-tag";
import { openDatabase } from "@trax/foundation/database";
import { Secret } from "@trax/foundation/secret";
import { waitFor } from "@trax/peers";
import type { Trax } from "./trax.ts";

export type ProgramGauges = {
  /** Frames made a second. */
  readonly frameRate: number;
  /** Since the program began. */
  readonly skippedFrames: number;
  /** Of x264: a lower one than it began with, where it could not keep up. */
  readonly preset: string;
};

export type GaugeReader = {
  readonly read: (studioId: string) => Promise<ProgramGauges | null>;
  /** Waits until it encodes as it was asked to: a busy start may have made it choose less. */
  readonly untilAtEase: (studioId: string) => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Reads what programs tell of themselves where their agent writes it: whether they kept up is part of what they cost. */
export function openGauges({ socketDirectory }: Trax): GaugeReader {
  const url = new Secret(`postgres://trax@localhost/trax?host=${encodeURIComponent(socketDirectory)}`);
  // A connection that is lost fails the next query, which says so.
  const database = openDatabase(url, { size: 1, onError: () => undefined });
  const read = async (studioId: string): Promise<ProgramGauges | null> => {
    const [row] = await database.query<{ frameRate: number; skippedFrames: string; preset: string }>(sql`
      select frame_rate as "frameRate", skipped_frames as "skippedFrames", preset
      from program_gauges where studio_id = ${studioId}`);
    return row === undefined ? null : { ...row, skippedFrames: Number(row.skippedFrames) };
  };
  return {
    read,
    untilAtEase: async (studioId) => {
      await waitFor(
        "the program encodes with veryfast",
        async () => (await read(studioId))?.preset === "veryfast",
        120_000,
      );
    },
    stop: () => database.close(),
  };
}

/**
 * Notifications say "look again", never what to do: a lost one costs time, not
 * truth, since everyone who listens also reads the rows now and then.
 */
export const channels = {
  /** Payload: a studio id. Its desired state has changed. */
  desired: "trax_desired",
  /** No payload. Media sessions were revoked, or their source deleted. */
  sessions: "trax_sessions",
  /** Payload: a studio id. Events were appended. */
  events: "trax_events",
  /** Payload: a studio id, a space, and what to take a picture of: `program:std_…` or `source:src_…`. */
  snapshot: "trax_snapshot",
  /** Payload: of what a picture was just written. */
  snapshotReady: "trax_snapshot_ready",
  /** Payload: a studio id. A take is on the program. */
  program: "trax_program",
  /** Payload: what is heard of a studio, as JSON; ten times a second while somebody asks for it. */
  meters: "trax_meters",
  /** Payload: an asset id. It is to be processed, or has become ready or gone. */
  assets: "trax_assets",
} as const;

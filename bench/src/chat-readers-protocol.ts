import { z } from "zod";

/** What the process of readers is told, in one shape, since each needs its own part of it. */
export const ChatReadersOrder = z.object({
  /** `count`: says what has come. `reset`: says so, and counts from nothing again. */
  kind: z.enum(["open", "count", "reset"]),
  url: z.string(),
  key: z.string(),
  count: z.number(),
  /** How many read the times, too. */
  sampled: z.number(),
});

export const ChatReadersReport = z.object({
  kind: z.literal("counts"),
  least: z.number(),
  most: z.number(),
  /** ms */
  latencies: z.array(z.number()),
});
export type ChatReadersReport = z.infer<typeof ChatReadersReport>;

import { z } from "zod";
import { Time } from "./field.ts";

/** How loud something was over the last tenth of a second, dBFS; -100 is silence. */
export const Meter = z.object({ peak: z.number(), rms: z.number() });
export type Meter = z.infer<typeof Meter>;

/** What is heard, ten times a second: a gauge, so it has no id and cannot be resumed from. */
export const MetersEvent = z.object({
  type: z.literal("program.meters"),
  createdAt: Time,
  accountId: z.string(),
  studioId: z.string(),
  data: z.object({ program: Meter, sources: z.array(Meter.extend({ sourceId: z.string() })) }),
});
export type MetersEvent = z.infer<typeof MetersEvent>;

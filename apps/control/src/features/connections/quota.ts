import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { PlatformError } from "./platform.ts";
import type { Platform } from "./platform.ts";

/** What all accounts of a platform may use of it in one of its days. */
export type Quota = {
  /** Counts before it is used. Throws `quota_exhausted` where it would be too much, or leave less than that share (0 to 1). */
  spend(units: number, left?: number): Promise<void>;
  read(): Promise<{ readonly used: number; readonly limit: number; readonly resetsAt: Date }>;
};

/** @param setting the limit, as the operator set it */
export function openQuota(db: Queryable, platform: Platform, setting: string | null): Quota {
  const { name, title } = platform;
  const zone = platform.quota?.timeZone ?? "UTC";
  const limit = Number(setting ?? "0");
  if (!Number.isSafeInteger(limit) || limit < 1) throw new Error(`${title}'s quota has to be a whole number above 0`);
  const today = sql`(now() at time zone ${zone}::text)::date`;
  const resetsAt = sql`((now() at time zone ${zone}::text)::date + 1)::timestamp at time zone ${zone}::text`;
  return {
    async spend(units, left = 0) {
      const most = Math.floor(limit * (1 - left));
      const counted = await db.query(sql`
        insert into platform_quota as known (platform, day, units)
        select ${name}, ${today}, ${units}::int where ${units}::int <= ${most}::int
        on conflict (platform, day) do update set units = known.units + excluded.units
          where known.units + excluded.units <= ${most}::int
        returning platform`);
      if (counted.length > 0) return;
      const { resetsAt: end } = await this.read();
      throw new PlatformError(
        "quota_exhausted",
        `${title}'s quota of this TRaX is used up${left === 0 ? "" : " but for what shows need,"} until ${end.toISOString().slice(0, 16).replace("T", " ")} UTC.`,
        Math.max(0, end.getTime() - Date.now()),
      );
    },
    async read() {
      const [row] = await db.query<{ used: number; ends: Date }>(sql`
        select coalesce((select units from platform_quota where platform = ${name} and day = ${today}), 0) as used,
          ${resetsAt} as ends`);
      return { used: row?.used ?? 0, limit, resetsAt: row?.ends ?? new Date() };
    },
  };
}

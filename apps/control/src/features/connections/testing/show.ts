import assert from "node:assert/strict";
import { Destination } from "@trax/contract";
import { readDesired, recordEnded } from "@trax/media-protocol";
import type { DesiredDestination } from "@trax/media-protocol";
import { waitFor } from "@trax/peers";
import sql from "sql-template-tag";
import type { Answer, TestControl } from "../../../testing/control.ts";
import { shapeOf } from "../../../testing/shape.ts";
import { Tenant } from "../../../testing/tenant.ts";
import { linkAt } from "./linking.ts";

/** A studio of a tenant with one destination, made from the connection `id`. */
export type Show = {
  readonly tenant: Tenant;
  readonly studioId: string;
  readonly destinationId: string;
  readonly id: string;
};

export const goLive = ({ tenant, studioId }: Show): Promise<Answer> =>
  tenant.call("POST", `/v1/studios/${studioId}/go-live`);

/** Of a new tenant, at whoever consents at the platform. */
export async function showAt(control: TestControl, platform: string): Promise<Show> {
  const tenant = await Tenant.make(control);
  const id = await linkAt(control, tenant, platform);
  const studio = await tenant.studio({ name: "A <show> of Ada" });
  const body = { name: "Out", connectionId: id, privacy: "unlisted" };
  const answer = await tenant.call("POST", `/v1/studios/${studio.id}/destinations`, body);
  return { tenant, id, studioId: studio.id, destinationId: shapeOf(answer, 201, Destination).id };
}

/** As an agent sees it. */
export async function desired({ tenant, studioId, destinationId }: Show): Promise<DesiredDestination> {
  const [studio] = await readDesired(tenant.control.database, [studioId], false);
  return studio?.destinations.find((one) => one.id === destinationId) ?? assert.fail("no such destination");
}

export async function untilTold(show: Show): Promise<DesiredDestination> {
  return waitFor("its platform has told where to", async () => {
    const now = await desired(show);
    return now.waits ? null : now;
  });
}

/** As an agent ends it. */
export async function endShow({ tenant, studioId }: Show): Promise<void> {
  const { database } = tenant.control;
  await tenant.call("POST", `/v1/studios/${studioId}/go-offline`);
  const [broadcast] = await database.query<{ id: string }>(
    sql`select id from broadcasts where studio_id = ${studioId} and ended_at is null`,
  );
  await recordEnded(database, broadcast?.id ?? "", []);
  // Else it is seen to within seconds.
  await database.query(sql`select pg_notify('trax_desired', ${studioId})`);
}

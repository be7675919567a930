import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Broadcast, Destination, Source, IngestCreated, StreamStatus, Studio } from "@trax/contract";
import type { DestinationCreate, DestinationStreamStatus, StudioCreate } from "@trax/contract";
import { newAccount } from "../account.ts";
import type { Account } from "../account.ts";
import type { Answer } from "../exchange.ts";
import type { Instance } from "../instance.ts";
import { objectAt } from "../json.ts";
import { eventually } from "./eventually.ts";
import { atEnd } from "./owned.ts";

type StudioSettings = Partial<StudioCreate>;
type NewDestination = Partial<DestinationCreate> & { readonly url: string };

/** A studio in an account of its own, and what a producer does with it, over HTTP. */
export type Show = {
  readonly account: Account;
  readonly studioId: string;
  /** Sends a request to a path below the studio. */
  readonly ask: (method: string, path: string, json?: unknown) => Promise<Answer>;
  readonly studio: () => Promise<Studio>;
  readonly setStudio: (change: object) => Promise<Studio>;
  readonly addSource: (settings?: object) => Promise<IngestCreated>;
  readonly source: (sourceId: string) => Promise<Source>;
  readonly addDestination: (settings: NewDestination) => Promise<Destination>;
  readonly setDestination: (destinationId: string, change: object) => Promise<Destination>;
  readonly status: () => Promise<StreamStatus>;
  readonly goLive: (settings?: object) => Promise<StreamStatus>;
  readonly goOffline: () => Promise<StreamStatus>;
  readonly broadcast: (broadcastId: string) => Promise<Broadcast>;
  /** Reads the status until it is so. */
  readonly until: (what: string, isSo: (status: StreamStatus) => boolean, deadlineMs?: number) => Promise<StreamStatus>;
  readonly untilOnline: (sourceId: string) => Promise<StreamStatus>;
  readonly untilDestination: (
    destinationId: string,
    what: string,
    isSo: (destination: DestinationStreamStatus) => boolean,
    deadlineMs?: number,
  ) => Promise<DestinationStreamStatus>;
  readonly untilLive: (...destinationIds: readonly string[]) => Promise<void>;
  readonly untilOffline: () => Promise<StreamStatus>;
};

/** Makes the studio; it goes offline when the test is over. */
export async function openShow(context: TestContext, instance: Instance, settings: StudioSettings = {}): Promise<Show> {
  const show = await makeShow(await newAccount(instance), settings);
  atEnd(context, async () => {
    await show.setStudio({ autoGoLive: false });
    await show.goOffline();
  });
  return show;
}

/** Makes a studio in an account: one that relays, unless its settings say another program mode. */
export async function makeShow(account: Account, settings: StudioSettings = {}): Promise<Show> {
  const program = { mode: "passthrough", ...settings.program };
  const made = await account.ask("POST", "/v1/studios", { name: "Show", ...settings, program });
  const studioId = Studio.parse(granted(made, 201)).id;
  const path = `/v1/studios/${studioId}`;
  const ask: Show["ask"] = (method, below, json) => account.ask(method, `${path}${below}`, json);
  const status = async () => StreamStatus.parse(granted(await ask("GET", "/stream-status")));
  const until: Show["until"] = (what, isSo, deadlineMs) => eventually(what, status, isSo, deadlineMs);
  const untilDestination: Show["untilDestination"] = async (destinationId, what, isSo, deadlineMs) => {
    const read = async () => destinationOf(await status(), destinationId);
    return eventually(what, read, isSo, deadlineMs);
  };
  return {
    account,
    studioId,
    ask,
    studio: async () => Studio.parse(granted(await ask("GET", ""))),
    setStudio: async (change) => Studio.parse(granted(await ask("PATCH", "", change))),
    addSource: async (more) =>
      IngestCreated.parse(granted(await ask("POST", "/sources", { name: "Camera", ...more }), 201)),
    source: async (sourceId) => Source.parse(granted(await ask("GET", `/sources/${sourceId}`))),
    addDestination: async (more) =>
      Destination.parse(granted(await ask("POST", "/destinations", { name: "Out", ...more }), 201)),
    setDestination: async (destinationId, change) =>
      Destination.parse(granted(await ask("PATCH", `/destinations/${destinationId}`, change))),
    status,
    goLive: async (more) => StreamStatus.parse(granted(await ask("POST", "/go-live", more))),
    goOffline: async () => StreamStatus.parse(granted(await ask("POST", "/go-offline"))),
    broadcast: async (broadcastId) => Broadcast.parse(granted(await ask("GET", `/broadcasts/${broadcastId}`))),
    until,
    untilOnline: (sourceId) =>
      until(`${sourceId} is online`, ({ sources }) =>
        sources.some((source) => source.sourceId === sourceId && source.status === "online"),
      ),
    untilDestination,
    untilLive: async (...destinationIds) => {
      // What goes offline before the whole show is live was never live.
      await until(
        `the show live, and ${destinationIds.join(", ")}`,
        (seen) => seen.state === "live" && destinationIds.every((id) => destinationOf(seen, id).status === "live"),
      );
    },
    untilOffline: () => until("offline", ({ state }) => state === "offline"),
  };
}

/** The body of an answer that is to have this status. */
export function granted(answer: Answer, status = 200): unknown {
  assert.equal(answer.status, status, answer.text.slice(0, 500));
  return objectAt(answer.json);
}

export function destinationOf(status: StreamStatus, destinationId: string): DestinationStreamStatus {
  const found = status.destinations.find((destination) => destination.destinationId === destinationId);
  assert.ok(found !== undefined, `${destinationId} is in the status`);
  return found;
}

export function reasonsOf(status: StreamStatus): readonly string[] {
  return status.health.reasons.map((reason) => reason.code);
}

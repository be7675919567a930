import assert from "node:assert/strict";
import { EventEnvelope } from "@trax/contract";
import { createParser } from "eventsource-parser";
import { bearer } from "../http.ts";
import type { Account } from "../account.ts";

/** The events of a studio from now on, as server-sent events bring them. */
export type EventLog = {
  readonly events: readonly EventEnvelope[];
  /** What they were about, in order: `stream.live`, or what changed and to what: `source online`. */
  readonly told: () => readonly string[];
  /**
   * The statuses that were told of one source or destination, in order, without
   * `connecting`: what lasts for less than a write takes need not be told.
   */
  readonly statusesOf: (id: string) => readonly string[];
  readonly close: () => Promise<void>;
};

export async function followEvents(account: Account, studioId: string): Promise<EventLog> {
  const controller = new AbortController();
  const response = await fetch(`${account.instance.baseUrl}/v1/studios/${studioId}/events`, {
    headers: { authorization: bearer(account.key)["authorization"]?.toString() ?? "" },
    signal: controller.signal,
  });
  assert.equal(response.status, 200);
  const { body } = response;
  assert.ok(body !== null);
  const events: EventEnvelope[] = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      events.push(EventEnvelope.parse(JSON.parse(data)));
    },
  });
  const reading = read(body, (text) => parser.feed(text), controller.signal);
  return {
    events,
    told: () => events.map(summaryOf),
    statusesOf: (id) =>
      events
        .filter(({ data }) => data["sourceId"] === id || data["destinationId"] === id)
        .map(statusOf)
        .filter((status) => status !== "connecting"),
    close: async () => {
      controller.abort();
      await reading;
    },
  };
}

async function read(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  feed: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const text of body.pipeThrough(new TextDecoderStream())) feed(text);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function statusOf({ data }: EventEnvelope): string {
  return String(data["status"]);
}

function summaryOf(event: EventEnvelope): string {
  const [subject] = event.type.split(".");
  return event.type.startsWith("stream.") ? event.type : `${subject} ${statusOf(event)}`;
}

/** Every change was told once: each begins where the one before it ended, and none changes nothing. */
export function assertEachChangeOnce(events: readonly EventEnvelope[]): void {
  assert.equal(new Set(events.map((event) => event.id)).size, events.length, "ids of events");
  const last = new Map<string, string>();
  for (const event of events) {
    const id = event.data["sourceId"] ?? event.data["destinationId"];
    if (typeof id !== "string") continue;
    const [from, to] = [String(event.data["previousStatus"]), statusOf(event)];
    assert.notEqual(from, to, `a change of ${id}`);
    const known = last.get(id);
    if (known !== undefined) assert.equal(from, known, `what ${id} changed from`);
    last.set(id, to);
  }
}

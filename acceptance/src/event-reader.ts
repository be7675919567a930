import assert from "node:assert/strict";
import { request } from "node:http";
import type { IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { createParser } from "eventsource-parser";
import { waitFor } from "@trax/peers";
import type { Instance } from "./instance.ts";
import { textAt } from "./json.ts";

export type ReadEvent = { readonly id: string; readonly type: string; readonly envelope: unknown };

/** A stream of server-sent events that is being read. */
export type EventReader = {
  /** What has come so far, oldest first. */
  readonly events: readonly ReadEvent[];
  /** Waits until so many have come. */
  readonly until: (count: number, deadlineMs?: number) => Promise<void>;
  readonly hasEnded: () => boolean;
  readonly close: () => void;
};

/** Opens a stream; the answer must be one. */
export async function readEvents(instance: Instance, path: string, headers: OutgoingHttpHeaders): Promise<EventReader> {
  const outgoing = request(`${instance.baseUrl}${path}`, { headers: { accept: "text/event-stream", ...headers } });
  // Whoever closes first, the other sees a reset: the end is what is looked at.
  outgoing.on("error", () => undefined);
  const answered = Promise.withResolvers<IncomingMessage>();
  outgoing.once("response", answered.resolve).once("error", answered.reject);
  outgoing.end();
  const incoming = await answered.promise;
  assert.equal(incoming.statusCode, 200);
  assert.match(incoming.headers["content-type"] ?? "", /^text\/event-stream/);
  const events: ReadEvent[] = [];
  let hasEnded = false;
  const parser = createParser({
    onEvent: ({ id = "", event = "", data }) => {
      const envelope: unknown = JSON.parse(data);
      assert.deepEqual([textAt(envelope, "id"), textAt(envelope, "type")], [id, event]);
      events.push({ id, type: event, envelope });
    },
  });
  incoming.setEncoding("utf8").on("data", (text: string) => parser.feed(text));
  incoming.on("error", () => undefined);
  incoming.once("close", () => (hasEnded = true));
  return {
    events,
    until: async (count, deadlineMs) => {
      await waitFor(
        `${count} events, beyond ${events.map((event) => event.type).join()}`,
        () => events.length >= count,
        deadlineMs,
      );
    },
    hasEnded: () => hasEnded,
    close: () => outgoing.destroy(),
  };
}

import type { EventEnvelope, MetersEvent } from "@trax/contract";

/**
 * Server-sent events as the HTML standard has them (9.2.6): JSON has no line
 * ends, so an envelope is one `data` line.
 */
export function frameOf(envelope: EventEnvelope): string {
  return `id: ${envelope.id}\nevent: ${envelope.type}\ndata: ${JSON.stringify(envelope)}\n\n`;
}

/** Without an id, so that a client that connects again resumes after the last event. */
export function metersFrameOf(event: MetersEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** What a client should wait before it connects again, ms. */
export const retryFrame = "retry: 2000\n\n";

/** Something to send while there is nothing to tell, so that all between see a living connection. */
export const heartbeatFrame = ": heartbeat\n\n";

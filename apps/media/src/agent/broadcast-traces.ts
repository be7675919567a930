import { ROOT_CONTEXT, SpanStatusCode, propagation, trace } from "@opentelemetry/api";
import type { Span } from "@opentelemetry/api";

/**
 * One span a broadcast, from the agent taking it up to the studio being live:
 * a child of the request that asked for it, and beside the relay's spans of
 * each destination's way to its first byte. Costs nothing without an SDK.
 */
export class BroadcastTraces {
  readonly #spans = new Map<string, Span>();
  readonly #tracer = trace.getTracer("trax-media");

  begin(broadcastId: string, studioId: string, traceparent: string | null): void {
    if (this.#spans.has(broadcastId)) return;
    const parent = traceparent === null ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });
    this.#spans.set(
      broadcastId,
      this.#tracer.startSpan(
        "broadcast start",
        { attributes: { "trax.studio_id": studioId, "trax.broadcast_id": broadcastId } },
        parent,
      ),
    );
  }

  live(broadcastId: string): void {
    this.#spans.get(broadcastId)?.end();
    this.#spans.delete(broadcastId);
  }

  /** It is over; a span still open never became live. */
  ended(broadcastId: string): void {
    this.#spans.get(broadcastId)?.setStatus({ code: SpanStatusCode.ERROR, message: "ended before it was live" });
    this.live(broadcastId);
  }
}

import { propagation, ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Span } from "@opentelemetry/api";
import type { DestinationReport } from "./protocol.ts";

/**
 * One span a destination, from its being wanted to its peer taking the first
 * media, or to its first failure: the last stretch of the way from go-live to
 * the first byte. Costs nothing where no OpenTelemetry SDK is started.
 */
export class StartSpan {
  #span: Span | null;

  /** `traceparent` is that of the request that took the studio live. */
  constructor(traceparent: string | null, studioId: string, destinationId: string) {
    const parent = traceparent === null ? ROOT_CONTEXT : propagation.extract(ROOT_CONTEXT, { traceparent });
    const attributes = { "trax.studio.id": studioId, "trax.destination.id": destinationId };
    this.#span = trace.getTracer("trax-relay").startSpan("destination.first_bytes", { attributes }, parent);
  }

  note(report: DestinationReport): void {
    this.#span?.addEvent(report.status);
    if (report.status === "live") this.end();
    if (report.status === "failed") {
      this.#span?.setStatus({ code: SpanStatusCode.ERROR, message: report.lastError?.code ?? "failed" });
      this.end();
    }
  }

  end(): void {
    this.#span?.end();
    this.#span = null;
  }
}

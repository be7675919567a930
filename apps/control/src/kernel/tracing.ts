import { ROOT_CONTEXT, SpanKind, SpanStatusCode, context, propagation, trace } from "@opentelemetry/api";
import type { Span } from "@opentelemetry/api";
import type { FastifyInstance } from "fastify";

declare module "fastify" {
  interface FastifyRequest {
    span: Span | null;
  }
}

/** One server span a request, a child of the caller's where it sends `traceparent`; the handler runs inside it. */
export type Tracing = { install(app: FastifyInstance): void };

/** @param on whether an SDK was started: without one, requests are spared the work */
export function openTracing(on: boolean): Tracing {
  return {
    install(app) {
      app.decorateRequest("span", null);
      if (!on) return;
      const tracer = trace.getTracer("trax-control");
      app.addHook("onRequest", (request, _reply, done) => {
        const parent = propagation.extract(ROOT_CONTEXT, request.raw.headers);
        const span = tracer.startSpan(
          `${request.method} ${request.routeOptions.url ?? "unknown"}`,
          { kind: SpanKind.SERVER },
          parent,
        );
        span.setAttribute("http.request.method", request.method);
        span.setAttribute("trax.request_id", request.id);
        request.span = span;
        context.with(trace.setSpan(parent, span), done);
      });
      // Reading a body loses the context that onRequest set.
      app.addHook("preHandler", (request, _reply, done) => {
        if (request.span === null) done();
        else context.with(trace.setSpan(context.active(), request.span), done);
      });
      app.addHook("onResponse", (request, reply, done) => {
        const { span } = request;
        if (span !== null) {
          const status = reply.raw.statusCode;
          span.setAttribute("http.response.status_code", status);
          if (request.route !== null) span.setAttribute("http.route", request.route.operation.path);
          if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        }
        done();
      });
    },
  };
}

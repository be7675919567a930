/**
 * OpenTelemetry, off unless the standard `OTEL_*` variables ask for it. Code
 * calls `@opentelemetry/api` alone, which does nothing without an SDK; this
 * loads and starts one, which reads its own variables
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
 */
export type Telemetry = {
  /** Whether an SDK was started. */
  readonly on: boolean;
  /** Sends what is left. */
  close(): Promise<void>;
};

const askedBy = [
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  "OTEL_TRACES_EXPORTER",
  "OTEL_METRICS_EXPORTER",
];

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether the environment asks for an SDK. */
export function wantsTelemetry(environment: Environment): boolean {
  if (environment["OTEL_SDK_DISABLED"]?.toLowerCase() === "true") return false;
  return askedBy.some((name) => !["", "none"].includes(environment[name] ?? ""));
}

/** Starts the SDK where it is wanted; `OTEL_SERVICE_NAME` beats the name given here. Call it before anything is traced. */
export async function startTelemetry(serviceName: string, environment: Environment = process.env): Promise<Telemetry> {
  if (!wantsTelemetry(environment)) return { on: false, close: () => Promise.resolve() };
  const { NodeSDK } = await import("@opentelemetry/sdk-node");
  const sdk = new NodeSDK({
    serviceName: environment["OTEL_SERVICE_NAME"] ?? serviceName,
    // Ours are made by hand; patching modules would cost every request.
    instrumentations: [],
  });
  sdk.start();
  return {
    on: true,
    // A collector that is away must not keep the process from ending.
    close: () => sdk.shutdown().catch(() => undefined),
  };
}

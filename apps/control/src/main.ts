import { ConfigError, readConfig } from "@trax/foundation/config";
import { openLog, openStandardOutput } from "@trax/foundation/log";
import { startTelemetry } from "@trax/foundation/telemetry";
import { openControl } from "./control.ts";

/**
 * Control as a process: starts, says `{type:"ready"}` to its supervisor, and
 * stops on SIGTERM, on SIGINT, or when the supervisor is gone.
 */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  const output = openStandardOutput();
  const log = openLog("control", config.TRAX_LOG_LEVEL, output);
  const stop = new Promise<string>((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve(signal));
    process.once("disconnect", () => resolve("the supervisor is gone"));
  });
  const telemetry = await startTelemetry("trax-control");
  const control = await openControl({ config, log, output, tracing: telemetry.on });
  process.on("message", (message) => {
    if (typeof message === "object" && message !== null && "type" in message && message.type === "status") {
      process.send?.({ type: "status", id: "id" in message ? message.id : null, processes: [] });
    }
  });
  log.info(
    { port: control.port, operatorPort: control.operatorPort, writeEnabled: config.PUBLIC_API_WRITE_ENABLED },
    "control is up",
  );
  process.send?.({ type: "ready" });

  log.info({ reason: await stop }, "control is stopping");
  await control.close();
  await telemetry.close();
  log.info("control has stopped");
  // Else the channel to a supervisor that lives would keep the process.
  if (process.connected) process.disconnect();
}

try {
  await main();
} catch (error) {
  if (error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
  else openLog("control", "info").fatal({ err: error }, "control could not start");
  process.exitCode = 1;
  if (process.connected) process.disconnect();
}

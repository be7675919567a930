import { createServer } from "node:http";

/** Stands in for control: answers the health check, says it is ready, ends with its supervisor. */
if (process.env["STUB_CONTROL_FAILS"] === "1") {
  process.stderr.write("the stub was told to fail\n");
  process.exit(3);
}
const server = createServer((_, response) => response.end("{}"));
server.listen(Number(process.env["TRAX_HTTP_PORT"]), "127.0.0.1", () => process.send?.({ type: "ready" }));
process.once("disconnect", () => process.exit(0));
process.once("SIGTERM", () => process.exit(0));

import { spawn } from "node:child_process";
import { join } from "node:path";

/** Stands in for the media agent. Its child, in the place of MediaMTX, outlives it as that does when it is killed. */
const run = join(process.env["TRAX_DATA_DIR"] ?? "", "run");
const router = spawn("tail", ["-F", join(run, "mediamtx.yml")], {
  cwd: run,
  env: {},
  detached: true,
  stdio: "ignore",
});
const end = (): void => {
  router.once("exit", () => process.exit(0));
  router.kill();
};
process.on("message", (message) => {
  if (typeof message !== "object" || message === null || !("id" in message)) return;
  process.send?.({
    type: "status",
    id: message.id,
    processes: [
      { name: "mediamtx", pid: router.pid },
      { name: "relay", pid: process.pid, studioIds: ["std_1", "std_2"] },
    ],
  });
});
process.once("disconnect", end);
if (process.env["STUB_MEDIA_IGNORES_SIGTERM"] === "1") process.on("SIGTERM", () => undefined);
else process.once("SIGTERM", end);
process.send?.({ type: "ready" });

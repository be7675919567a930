import { spawn } from "node:child_process";

/** Stands in for the media agent, with a child process in the place of MediaMTX. */
const router = spawn("sleep", ["600"], { stdio: "ignore" });
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

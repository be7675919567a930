import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { tempDirectory } from "@trax/peers";

/** What names stand for on 127.0.0.1, for an instance that is started with it: they come and go as a test wants. */
export type HostsFile = {
  /** What an instance's own command is put behind, so that it and all it starts read this file. */
  readonly prefix: readonly string[];
  /** These names, and no others, from now on. */
  readonly hold: (...names: readonly string[]) => Promise<void>;
  readonly stop: () => Promise<void>;
};

const mountHosts = 'mount --bind "$0" /etc/hosts && exec "$@"';

/**
 * A file that takes the place of /etc/hosts in a mount namespace of its own
 * (unshare of util-linux, and the C library reads the file at each look-up). Who
 * is not root has to be one in a user namespace to mount, and is itself again in
 * another.
 */
export async function startHostsFile(...names: readonly string[]): Promise<HostsFile> {
  const directory = await tempDirectory("hosts");
  const path = join(directory.path, "hosts");
  const hold: HostsFile["hold"] = (...now) =>
    // In place: what is mounted is this very file.
    writeFile(path, ["127.0.0.1 localhost", ...now.map((name) => `127.0.0.1 ${name}`), ""].join("\n"));
  await hold(...names);
  const [user, group] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  const mounted = ["--mount", "sh", "-c", mountHosts, path];
  const prefix =
    user === 0
      ? ["unshare", ...mounted]
      : ["unshare", "--map-root-user", ...mounted, "unshare", "--user", `--map-user=${user}`, `--map-group=${group}`];
  return { prefix, hold, stop: () => directory.remove() };
}

import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const nginxRtmpModule = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/** What tests need from the system: the files that show it is there, and the Debian packages that bring it. */
const needed = {
  ffmpeg: { programs: ["ffmpeg", "ffprobe"], files: [], packages: ["ffmpeg"] },
  "nginx-rtmp": { programs: ["nginx"], files: [nginxRtmpModule], packages: ["nginx-light", "libnginx-mod-rtmp"] },
  chromium: { programs: ["chromium"], files: [], packages: ["chromium"] },
  ngircd: { programs: ["ngircd"], files: [], packages: ["ngircd"] },
} as const;

export type SystemPeer = keyof typeof needed;

const run = promisify(execFile);
const asked = new Map<SystemPeer, Promise<void>>();

/**
 * Sees to it that a program which tests run against is installed: looks once a
 * process, installs it with apt where that is allowed (root), and otherwise
 * throws one line that says what is missing and how to get it.
 */
export function ensurePeer(peer: SystemPeer): Promise<void> {
  const known = asked.get(peer);
  if (known !== undefined) return known;
  const work = install(peer);
  asked.set(peer, work);
  return work;
}

async function install(peer: SystemPeer): Promise<void> {
  if ((await missing(peer)).length === 0) return;
  const { packages } = needed[peer];
  const command = `apt-get install -y ${packages.join(" ")}`;
  if (process.getuid?.() === 0) {
    const apt = ["-o", "DPkg::Lock::Timeout=300", "-qq"];
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", [...apt, "update"], { env }).catch(() => null);
    await run("apt-get", [...apt, "install", "-y", "--no-install-recommends", ...packages], { env }).catch(() => null);
  }
  const still = await missing(peer);
  if (still.length > 0) throw new Error(`Missing for this test: ${still.join(", ")}. Get it with: ${command}`);
}

async function missing(peer: SystemPeer): Promise<string[]> {
  const directories = `${process.env["PATH"] ?? ""}:/usr/sbin`.split(delimiter);
  const absent: string[] = [];
  for (const program of needed[peer].programs) {
    const found = await Promise.any(
      directories.map((directory) => access(join(directory, program), constants.X_OK)),
    ).then(
      () => true,
      () => false,
    );
    if (!found) absent.push(program);
  }
  for (const file of needed[peer].files)
    await access(file).catch(() => {
      absent.push(file);
    });
  return absent;
}

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureMediaMtx } from "../../mediamtx/src/ensure.ts";
import { type TestCertificate, writeTestCertificate } from "./certificate.ts";
import { type Child, startChild } from "./child.ts";
import { freePort, freeUdpPort } from "./ports.ts";
import { tempDirectory } from "./temp-directory.ts";
import { waitFor } from "./wait-for.ts";

export type ReceivedPath = {
  readonly name: string;
  readonly online: boolean;
  /** `rtmpConn`, `rtmpsConn`, `srtConn`, ...; null while nobody publishes. */
  readonly sourceType: string | null;
  /** As MediaMTX names them: `H264`, `MPEG-4 Audio`, ... */
  readonly tracks: readonly string[];
  readonly inboundBytes: number;
};

export type MediaMtxPlain = {
  readonly process: Child;
  /** Without the key: any name may be published under it. */
  readonly rtmpUrl: string;
  readonly rtmpsUrl: string;
  /** An SRT URL that publishes under that name. */
  readonly srtPublishUrl: (name: string) => string;
  readonly srtReadUrl: (name: string) => string;
  /** Where that name is read by RTSP over TCP. */
  readonly rtspUrl: (name: string) => string;
  /** Where a browser publishes and plays that name. */
  readonly whipUrl: (name: string) => string;
  readonly whepUrl: (name: string) => string;
  readonly certificate: TestCertificate;
  /** What it receives, from its own API; a path `live/x` for `rtmpUrl` + `/x`. */
  readonly paths: () => Promise<ReceivedPath[]>;
  /** Waits until somebody publishes that path, and has sent `bytes` (1 unless set). */
  readonly waitForPath: (name: string, bytes?: number, deadlineMs?: number) => Promise<ReceivedPath>;
  /** fMP4 recordings are written under this directory when asked for. */
  readonly recordDirectory: string;
  readonly stop: () => Promise<void>;
};

export type MediaMtxPlainOptions = {
  readonly record?: boolean;
  /** Whether a second publisher replaces the first; false unless set. */
  readonly overridePublisher?: boolean;
};

/** Starts a second, plain MediaMTX that anyone may publish to: a destination for RTMP, RTMPS and SRT. */
export async function startMediaMtxPlain(options: MediaMtxPlainOptions = {}): Promise<MediaMtxPlain> {
  const binary = await ensureMediaMtx({ log: (line) => void process.stderr.write(`${line}\n`) });
  const directory = await tempDirectory("mediamtx");
  const certificate = await writeTestCertificate(directory.path);
  const [rtmp, rtmps, srt, api] = [await freePort(), await freePort(), await freeUdpPort(), await freePort()];
  const rtsp = await freePort();
  const [webrtc, webrtcUdp] = [await freePort(), await freeUdpPort()];
  const recordDirectory = join(directory.path, "recordings");
  const configuration = join(directory.path, "mediamtx.json.yml");
  const settings = {
    logLevel: "info",
    api: true,
    apiAddress: `127.0.0.1:${api}`,
    rtsp: true,
    rtspTransports: ["tcp"],
    rtspAddress: `127.0.0.1:${rtsp}`,
    hls: false,
    webrtc: true,
    webrtcAddress: `127.0.0.1:${webrtc}`,
    webrtcLocalUDPAddress: `127.0.0.1:${webrtcUdp}`,
    webrtcAdditionalHosts: ["127.0.0.1"],
    moq: false,
    rtmp: true,
    rtmpEncryption: "optional",
    rtmpAddress: `127.0.0.1:${rtmp}`,
    rtmpsAddress: `127.0.0.1:${rtmps}`,
    rtmpServerCert: certificate.certPath,
    rtmpServerKey: certificate.keyPath,
    srt: true,
    srtAddress: `127.0.0.1:${srt}`,
    pathDefaults: {
      overridePublisher: options.overridePublisher === true,
      record: options.record === true,
      recordPath: `${recordDirectory}/%path/%Y-%m-%d_%H-%M-%S-%f`,
    },
    paths: { all_others: {} },
  };
  // JSON is YAML too.
  await writeFile(configuration, JSON.stringify(settings));
  const child = await startChild(binary.path, [configuration], { cwd: directory.path, env: {} });
  const stop = async (): Promise<void> => {
    await child.stop();
    await directory.remove();
  };
  const paths = (): Promise<ReceivedPath[]> => listPaths(api);
  try {
    await waitFor("the plain MediaMTX answers", async () => {
      if (child.hasExited()) throw new Error(`MediaMTX ended: ${child.output()}`);
      return paths().then(
        () => true,
        () => false,
      );
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    process: child,
    rtmpUrl: `rtmp://127.0.0.1:${rtmp}/live`,
    rtmpsUrl: `rtmps://localhost:${rtmps}/live`,
    srtPublishUrl: (name) => `srt://127.0.0.1:${srt}?streamid=publish:${name}`,
    srtReadUrl: (name) => `srt://127.0.0.1:${srt}?streamid=read:${name}`,
    rtspUrl: (name) => `rtsp://127.0.0.1:${rtsp}/${name}`,
    whipUrl: (name) => `http://127.0.0.1:${webrtc}/${name}/whip`,
    whepUrl: (name) => `http://127.0.0.1:${webrtc}/${name}/whep`,
    certificate,
    paths,
    waitForPath: (name, bytes = 1, deadlineMs) =>
      waitFor(
        `MediaMTX receives ${name}`,
        async () => (await paths()).find((path) => path.name === name && path.online && path.inboundBytes >= bytes),
        deadlineMs,
      ),
    recordDirectory,
    stop,
  };
}

async function listPaths(apiPort: number): Promise<ReceivedPath[]> {
  const response = await fetch(`http://127.0.0.1:${apiPort}/v3/paths/list?itemsPerPage=1000`);
  const answer: unknown = await response.json();
  const items: unknown = get(answer, "items");
  if (!Array.isArray(items)) throw new Error("MediaMTX's list of paths is no list");
  return items.map((item: unknown) => {
    const [name, bytes, tracks] = [get(item, "name"), get(item, "inboundBytes"), get(item, "tracks")];
    const sourceType = get(get(item, "source"), "type");
    return {
      name: typeof name === "string" ? name : "",
      online: get(item, "online") === true,
      sourceType: typeof sourceType === "string" ? sourceType : null,
      tracks: Array.isArray(tracks) ? tracks.filter((track: unknown) => typeof track === "string") : [],
      inboundBytes: typeof bytes === "number" ? bytes : 0,
    };
  });
}

function get(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && name in value ? Reflect.get(value, name) : undefined;
}

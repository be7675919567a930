import { join } from "node:path";
import { type Child, startChild } from "./child.ts";
import { ensurePeer } from "./ensure.ts";
import { freePort, freeUdpPort, isListening } from "./ports.ts";
import { tempDirectory } from "./temp-directory.ts";
import { waitFor } from "./wait-for.ts";

export type FfmpegListener = {
  readonly process: Child;
  /** RTMP: without the key, which is the last part of `url`. */
  readonly serverUrl: string;
  readonly streamKey: string | null;
  readonly url: string;
  /** What it received, copied: FLV or MPEG-TS. Complete once it has stopped or its one publisher is gone. */
  readonly file: string;
  readonly frames: () => number;
  /** Waits until that many video frames have arrived. */
  readonly waitForFrames: (count: number, deadlineMs?: number) => Promise<void>;
  /** Ends it, the file is complete then and stays until `stop`. */
  readonly finish: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

/** Starts ffmpeg as a server for one publisher: it accepts one connection, copies it to a file, and ends with it. */
export async function startFfmpegListener(options: { readonly protocol: "rtmp" | "srt" }): Promise<FfmpegListener> {
  await ensurePeer("ffmpeg");
  const directory = await tempDirectory("ffmpeg");
  const rtmp = options.protocol === "rtmp";
  const port = await (rtmp ? freePort() : freeUdpPort());
  const serverUrl = rtmp ? `rtmp://127.0.0.1:${port}/live` : `srt://127.0.0.1:${port}`;
  const url = rtmp ? `${serverUrl}/listener-key` : serverUrl;
  const file = join(directory.path, rtmp ? "received.flv" : "received.ts");
  const listen = rtmp ? ["-listen", "1", "-i", url] : ["-f", "mpegts", "-i", `${url}?mode=listener`];
  let frames = 0;
  const child = await startChild(
    "ffmpeg",
    [
      ..."-hide_banner -nostats -loglevel warning -progress pipe:1 -stats_period 0.1 -y".split(" "),
      ...listen,
      ..."-map 0 -c copy -flush_packets 1".split(" "),
      file,
    ],
    {
      onOutput: (text) => {
        for (const [, count] of text.matchAll(/^frame=\s*(\d+)/gm)) frames = Number(count);
      },
    },
  );
  const finish = async (): Promise<void> => {
    // On `q` it writes the file's end, which SIGTERM while it waits for a connection would not do either.
    child.write("q");
    await child.stop();
  };
  const stop = async (): Promise<void> => {
    await child.stop();
    await directory.remove();
  };
  try {
    await waitFor("ffmpeg listens", () => {
      if (child.hasExited()) throw new Error(`ffmpeg ended: ${child.output()}`);
      return isListening(rtmp ? "tcp" : "udp", port);
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    process: child,
    serverUrl,
    streamKey: rtmp ? "listener-key" : null,
    url,
    file,
    frames: () => frames,
    waitForFrames: async (count, deadlineMs) => {
      await waitFor(`ffmpeg receives ${count} frames`, () => frames >= count, deadlineMs);
    },
    finish,
    stop,
  };
}

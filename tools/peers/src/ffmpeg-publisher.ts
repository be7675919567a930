import { type Child, startChild } from "./child.ts";
import { ensurePeer } from "./ensure.ts";
import { waitFor } from "./wait-for.ts";

export type FfmpegPublisherOptions = {
  /** `rtmp://`, `rtmps://` (its certificate is not verified) or `srt://`. */
  readonly url: string;
  /** `WIDTHxHEIGHT`, 320x180 unless set. */
  readonly size?: string;
  readonly fps?: number;
  /** Seconds between keyframes, 1 unless set. */
  readonly gopSeconds?: number;
  /** bit/s of video, 400,000 unless set. */
  readonly bitrate?: number;
  readonly video?: "h264" | "hevc" | "none";
  readonly audio?: "aac" | "mp3" | "opus" | "none";
  readonly sampleRate?: number;
  /** Ends by itself after so many seconds; endless unless set. */
  readonly seconds?: number;
};

export type FfmpegPublisher = Child & {
  /** Frames it has sent (encoded and handed to its output) so far. */
  readonly frames: () => number;
  /** Waits until it has sent that many. */
  readonly waitForFrames: (count: number, deadlineMs?: number) => Promise<void>;
};

const quiet = "-hide_banner -nostats -loglevel warning -nostdin -progress pipe:1 -stats_period 0.1".split(" ");

/** Starts ffmpeg publishing a moving test picture and a tone in real time; it is connected once frames count up. */
export async function startFfmpegPublisher(options: FfmpegPublisherOptions): Promise<FfmpegPublisher> {
  const { url, size = "320x180", fps = 30, gopSeconds = 1, bitrate = 400_000, sampleRate = 48_000 } = options;
  const { video = "h264", audio = "aac", seconds } = options;
  const srt = url.startsWith("srt:");
  return startPublishing([
    ...(video === "none" ? [] : ["-re", "-f", "lavfi", "-i", `testsrc2=size=${size}:rate=${fps}`]),
    ...(audio === "none" ? [] : ["-re", "-f", "lavfi", "-i", `sine=frequency=440:sample_rate=${sampleRate}`]),
    ...videoArguments(video, Math.round(fps * gopSeconds), bitrate),
    ...audioArguments(audio),
    ...(seconds === undefined ? [] : ["-t", String(seconds)]),
    ...(url.startsWith("rtmps:") ? ["-tls_verify", "0"] : []),
    "-flush_packets",
    "1",
    "-f",
    srt ? "mpegts" : "flv",
    url,
  ]);
}

/** Starts ffmpeg with these arguments and counts the frames that it sends. */
export async function startPublishing(args: readonly string[], program = "ffmpeg"): Promise<FfmpegPublisher> {
  await ensurePeer("ffmpeg");
  let frames = 0;
  const child = await startChild(program, [...quiet, ...args], {
    onOutput: (text) => {
      for (const [, count] of text.matchAll(/^frame=\s*(\d+)/gm)) frames = Number(count);
    },
  });
  return {
    ...child,
    frames: () => frames,
    waitForFrames: async (count, deadlineMs) => {
      await waitFor(
        `ffmpeg sends ${count} frames`,
        () => {
          if (frames >= count) return true;
          if (child.hasExited()) throw new Error(`ffmpeg ended after ${frames} frames: ${child.output().slice(-800)}`);
          return false;
        },
        deadlineMs,
      );
    },
  };
}

function videoArguments(codec: "h264" | "hevc" | "none", gop: number, bitrate: number): string[] {
  if (codec === "none") return [];
  const rate = ["-b:v", String(bitrate), "-maxrate", String(bitrate), "-bufsize", String(bitrate), "-g", String(gop)];
  const common = ["-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", ...rate];
  if (codec === "h264") return ["-c:v", "libx264", ...common, "-keyint_min", String(gop), "-sc_threshold", "0"];
  return ["-c:v", "libx265", ...common, "-x265-params", `log-level=error:pools=1:keyint=${gop}`];
}

function audioArguments(codec: "aac" | "mp3" | "opus" | "none"): string[] {
  const encoders = { aac: "aac", mp3: "libmp3lame", opus: "libopus" };
  return codec === "none" ? [] : ["-c:a", encoders[codec], "-b:a", "96k", "-ac", "2"];
}

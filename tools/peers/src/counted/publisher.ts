import { type FfmpegPublisher, startPublishing } from "../ffmpeg-publisher.ts";
import { ensureNewerFfmpeg } from "../newer-ffmpeg.ts";
import { countedPicture } from "./picture.ts";
import { countedTone } from "./tone.ts";

export type CountedOptions = {
  /** Which source it says it is: 1 to 15. */
  readonly source: number;
  /** `WIDTHxHEIGHT`, 320x180 unless set. */
  readonly size?: string;
  /** Frames a second, `30` unless set; may be a fraction as `30000/1001`. */
  readonly frameRate?: string;
  /** Frames between keyframes, 30 unless set. */
  readonly keyframeEvery?: number;
  /** Between two other frames, 0 unless set. */
  readonly bFrames?: number;
  readonly sampleRate?: 44_100 | 48_000;
  readonly channels?: 1 | 2;
  readonly video?: boolean;
  readonly audio?: boolean;
  /** Ends by itself after so many seconds; endless unless set. */
  readonly seconds?: number;
};

/** Publishes a counted picture and its tone in real time, from frame 0, to `rtmp://`, `rtmps://` or `srt://`. */
export function startCountedPublisher(url: string, options: CountedOptions): Promise<FfmpegPublisher> {
  const srt = url.startsWith("srt:");
  const output = ["-flush_packets", "1", "-f", srt ? "mpegts" : "flv"];
  return startPublishing(["-re", ...countedArguments(options, ["-re"]), ...output, url]);
}

/** The same by WHIP, with Opus and without B-frames. */
export async function startCountedWhip(url: string, bearer: string, options: CountedOptions): Promise<FfmpegPublisher> {
  const whip = ["-profile:v", "baseline", "-c:a", "libopus", "-ar", "48000", "-ac", "2", "-f", "whip"];
  const args = ["-re", ...countedArguments(options, ["-re"]), ...whip, "-authorization", bearer, url];
  return startPublishing(args, await ensureNewerFfmpeg());
}

/** ffmpeg's arguments up to the output: inputs (`between` stands before the second) and codecs. */
export function countedArguments(options: CountedOptions, between: readonly string[] = []): string[] {
  const { source, size = "320x180", frameRate = "30", keyframeEvery = 30, bFrames = 0 } = options;
  const { sampleRate = 48_000, channels = 2, video = true, audio = true, seconds } = options;
  const inputs: string[] = [];
  if (video) inputs.push("-f", "lavfi", "-i", countedPicture(source, size, frameRate));
  if (audio) inputs.push(...(video ? between : []), "-f", "lavfi", "-i", countedTone(source, sampleRate, channels));
  const x264 = `keyint=${keyframeEvery}:min-keyint=${keyframeEvery}:scenecut=0:bframes=${bFrames}:b-adapt=0:rc-lookahead=0:sync-lookahead=0:sliced-threads=0:threads=1`;
  return [
    ...inputs,
    ...(video ? ["-c:v", "libx264", "-preset", "ultrafast", "-x264-params", x264, "-crf", "26"] : []),
    ...(audio ? ["-c:a", "aac", "-b:a", "96k"] : []),
    ...(seconds === undefined ? [] : ["-t", String(seconds)]),
  ];
}

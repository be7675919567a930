/** What one studio composes, and how the same is asked of one ffmpeg process. */

/** A place on the canvas, in fractions of it. */
export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

export type Canvas = {
  readonly width: number;
  readonly height: number;
  readonly frameRate: number;
  /** bit/s. */
  readonly videoBitrate: number;
  readonly audioBitrate: number;
};

export const whole: Box = { x: 0, y: 0, width: 1, height: 1 };
/** One that fills the canvas and one of three tenths in its corner, on whole pixels of 720p. */
export const pictureInPicture: readonly Box[] = [whole, { x: 0.675, y: 0.675, width: 0.3, height: 0.3 }];

/** As many equal boxes as columns and rows make, row by row. */
export function grid(columns: number, rows: number): Box[] {
  return Array.from({ length: columns * rows }, (_, index) => ({
    x: (index % columns) / columns,
    y: Math.floor(index / columns) / rows,
    width: 1 / columns,
    height: 1 / rows,
  }));
}

/**
 * x264 as apps/media/src/ffmpeg/video-encoder.ts sets it, in ffmpeg's words:
 * preset veryfast, no look-ahead, no B-frames, quality-bound and capped, a
 * keyframe every two seconds.
 */
export function encoderArguments({ frameRate, videoBitrate }: Canvas): string[] {
  const keyframes = `-g ${2 * frameRate} -keyint_min ${2 * frameRate}`;
  const rate = `-crf 23 -maxrate ${videoBitrate} -bufsize ${videoBitrate}`;
  const parameters = "scenecut=0:open-gop=0:cabac=1:8x8dct=1:ref=1:weightp=1";
  const x264 = "-c:v libx264 -preset veryfast -tune zerolatency -profile:v high -bf 0 -threads:v 1";
  return `${x264} ${rate} ${keyframes} -x264-params ${parameters}`.split(" ");
}

/** The filters that put the inputs' pictures into their boxes and mix their sound: `[v]` and `[a]`. */
export function compositionGraph(boxes: readonly Box[], canvas: Canvas): string {
  const { width, height, frameRate } = canvas;
  const covered = boxes[0]?.width === 1 && boxes[0].height === 1;
  const scaled = boxes.map((box, index) => {
    const size = `${Math.round(box.width * width)}:${Math.round(box.height * height)}`;
    return `[${index}:v]scale=${size}:flags=bicubic,setsar=1,format=yuv420p[p${index}]`;
  });
  const base = covered ? [] : [`color=black:s=${width}x${height}:r=${frameRate},format=yuv420p[base]`];
  const laid: string[] = [];
  let below = covered ? "p0" : "base";
  for (const [index, box] of boxes.entries()) {
    if (covered && index === 0) continue;
    const at = `x=${Math.round(box.x * width)}:y=${Math.round(box.y * height)}:eval=init:format=yuv420`;
    laid.push(`[${below}][p${index}]overlay=${at}[o${index}]`);
    below = `o${index}`;
  }
  const inputs = boxes.map((_, index) => `[${index}:a]`).join("");
  const sound = `${inputs}amix=inputs=${boxes.length}:normalize=0,alimiter=limit=0.9:level=0,aresample=48000[a]`;
  return [...scaled, ...base, ...laid, `[${below}]fps=${frameRate}[v]`, sound].join(";");
}

/** Live inputs, decoded by one thread each as the program worker does, without seconds of probing. */
export function liveInputs(urls: readonly string[]): string[] {
  const options = "-threads 1 -fflags nobuffer -probesize 200000 -analyzeduration 1000000".split(" ");
  return urls.flatMap((url) => [...options, "-i", url]);
}

/** ffmpeg's arguments: these live inputs composed, encoded once, and sent to all outputs. */
export function composeArguments(
  inputs: readonly string[],
  boxes: readonly Box[],
  canvas: Canvas,
  outputs: readonly string[],
): string[] {
  return [
    ...liveInputs(inputs),
    ..."-filter_complex_threads 1 -filter_complex".split(" "),
    compositionGraph(boxes, canvas),
    ..."-map [v] -map [a]".split(" "),
    ...encoderArguments(canvas),
    ...soundArguments(canvas),
    ..."-flags +global_header -f tee".split(" "),
    outputs.map((url) => `[f=flv]${url}`).join("|"),
  ];
}

/** AAC as the program has it. */
export function soundArguments({ audioBitrate }: Canvas): string[] {
  return `-c:a aac -b:a ${audioBitrate} -ac 2`.split(" ");
}

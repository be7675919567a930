/**
 * The picture of a counted source: eight columns of black and white cells in
 * four rows say which source it is and which of its frames, and a strip of one
 * grey below them, a different one for each source, shows how far a fade is.
 * Flat and large, so that scaling to a tenth and hard compression leave it
 * readable.
 */
export type CountedFrame = {
  /** 1 to 15. */
  readonly source: number;
  /** Counted from 0, at most 2^20 - 1: nine hours at 30 a second. */
  readonly frame: number;
};

export const columns = 8;
/** Rows of cells. The strip is one row more. */
export const rows = 4;

const frameBits = 20;
const sourceBits = 4;
const checkBits = 8;
const checkModulus = 251;
const frameFactor = 197;
const sourceFactor = 59;
const checkOffset = 90;

/** Of 255: what is between is no cell of one picture, but two mixed. */
const blackBelow = 85;
const whiteAbove = 170;

/** How bright a source's strip is, of 255. */
export function stripLevel(source: number): number {
  return 16 + 14 * source;
}

/**
 * A graph for ffmpeg's lavfi input that gives the picture without end, in
 * yuv420p: drawn one pixel a cell, then enlarged.
 */
export function countedPicture(source: number, size: string, frameRate: string): string {
  const set = Array.from({ length: frameBits }, (_, bit) => `bitand(n,${2 ** bit})`);
  for (let bit = 0; bit < sourceBits; bit++) set.push(String(source & (2 ** bit)));
  const check = `mod(${frameFactor}*n+${sourceFactor * source + checkOffset},${checkModulus})`;
  for (let bit = 0; bit < checkBits; bit++) set.push(`bitand(${check},${2 ** bit})`);
  const cells = set.map((isWhite, index) => {
    const [x, y] = [index % columns, Math.floor(index / columns)];
    return `drawbox=x=${x}:y=${y}:w=1:h=1:t=fill:c=white:enable='${isWhite}'`;
  });
  const grey = stripLevel(source).toString(16).padStart(2, "0").repeat(3);
  return [
    `color=c=black:s=${columns}x${rows + 1}:r=${frameRate},format=yuv444p`,
    ...cells,
    `drawbox=x=0:y=${rows}:w=${columns}:h=1:t=fill:c=0x${grey}`,
    `scale=${size.replace("x", ":")}:flags=neighbor,setsar=1,format=yuv420p`,
  ].join(",");
}

/** Reads the cells' brightness (of 255, row by row): null where they are not one counted picture, or not a clear one. */
export function readCells(levels: readonly number[]): CountedFrame | null {
  if (levels.length !== columns * rows) return null;
  if (levels.some((level) => level >= blackBelow && level <= whiteAbove)) return null;
  const read = (from: number, bits: number): number => {
    let value = 0;
    for (let bit = 0; bit < bits; bit++) if ((levels[from + bit] ?? 0) > whiteAbove) value += 2 ** bit;
    return value;
  };
  const [frame, source] = [read(0, frameBits), read(frameBits, sourceBits)];
  const check = (frameFactor * frame + sourceFactor * source + checkOffset) % checkModulus;
  return source > 0 && check === read(frameBits + sourceBits, checkBits) ? { source, frame } : null;
}

import { fileTypeFromFile } from "file-type";
import { Refused } from "./refused.ts";

type Format = {
  /** For people. */
  readonly name: string;
  /** As file-type says it by the file's first bytes. */
  readonly seen: readonly string[];
  /** FFmpeg's demuxers that may read it; none for images. */
  readonly demuxers: string | null;
};

const mp4: Format = {
  name: "MP4",
  seen: ["video/mp4", "video/x-m4v", "video/quicktime", "video/3gpp", "video/3gpp2", "audio/mp4", "audio/x-m4a"],
  demuxers: "mov",
};
const webm: Format = { name: "WebM", seen: ["video/webm"], demuxers: "matroska" };
const matroska: Format = { name: "Matroska", seen: ["video/matroska", "video/webm"], demuxers: "matroska" };
const mp3: Format = { name: "MP3", seen: ["audio/mpeg"], demuxers: "mp3" };
const wav: Format = { name: "WAV", seen: ["audio/wav"], demuxers: "wav" };
const flac: Format = { name: "FLAC", seen: ["audio/flac"], demuxers: "flac" };

/** By what an uploader may declare. */
const formats: Readonly<Record<string, Format>> = {
  "video/mp4": mp4,
  "video/quicktime": { ...mp4, name: "QuickTime" },
  "video/webm": webm,
  "video/x-matroska": matroska,
  "video/matroska": matroska,
  "video/mp2t": { name: "MPEG-TS", seen: ["video/mp2t"], demuxers: "mpegts" },
  "audio/mpeg": mp3,
  "audio/mp3": mp3,
  "audio/aac": { name: "AAC", seen: ["audio/aac"], demuxers: "aac" },
  "audio/mp4": mp4,
  "audio/x-m4a": mp4,
  "audio/wav": wav,
  "audio/x-wav": wav,
  "audio/wave": wav,
  "audio/flac": flac,
  "audio/x-flac": flac,
  "audio/ogg": {
    name: "Ogg",
    seen: ["audio/ogg", "audio/ogg; codecs=opus", "video/ogg", "application/ogg"],
    demuxers: "ogg",
  },
  "image/png": { name: "PNG", seen: ["image/png", "image/apng"], demuxers: null },
  "image/jpeg": { name: "JPEG", seen: ["image/jpeg"], demuxers: null },
  "image/gif": { name: "GIF", seen: ["image/gif"], demuxers: null },
  "image/webp": { name: "WebP", seen: ["image/webp"], demuxers: null },
};

/**
 * Makes sure that a file is what it was declared as, by its bytes. Answers the
 * demuxers that may read it. Throws Refused.
 */
export async function checkContentType(path: string, declared: string): Promise<string | null> {
  const format = formats[declared];
  if (format === undefined) throw new Refused(`Files of the type ${declared} cannot be used.`);
  const seen = await fileTypeFromFile(path);
  if (seen === undefined)
    throw new Refused(
      `The file was declared as ${declared}, but is no ${format.name} file, nor any other that is known.`,
    );
  if (!format.seen.includes(seen.mime))
    throw new Refused(`The file was declared as ${declared}, but is ${nameOf(seen.mime)}: declare it as what it is.`);
  return format.demuxers;
}

function nameOf(mime: string): string {
  const known = Object.entries(formats).find(([declared, { seen }]) => declared === mime || seen[0] === mime);
  return known === undefined ? mime : `${known[1].name} (${mime})`;
}

import { amfObject, encodeAmf0 } from "../rtmp/amf0.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import type { Canvas } from "./protocol.ts";

const avc = 7;
const aac = 10;

/** `onMetaData` as encoders send it first (FLV 10.1, E.5): rates in kbit/s. */
export function programMetadata(canvas: Canvas): MediaMessage {
  const properties = amfObject({
    width: canvas.width,
    height: canvas.height,
    framerate: canvas.frameRate,
    videocodecid: avc,
    videodatarate: canvas.videoBitrate / 1_000,
    audiocodecid: aac,
    audiodatarate: canvas.audioBitrate / 1_000,
    audiosamplerate: 48_000,
    audiosamplesize: 16,
    stereo: true,
    encoder: "TRaX",
  });
  const payload = encodeAmf0(["onMetaData", properties]);
  return { kind: "data", timestamp: 0, payload, keyframe: false, configuration: false };
}

/**
 * One audio, video or data message as RTMP carries it: `payload` is the body of
 * an FLV tag (FLV 10.1, Annex E; Enhanced RTMP v2 for its FourCC codecs).
 */
export type MediaMessage = {
  readonly kind: "video" | "audio" | "data";
  /** Milliseconds, unwrapped: grows past 2^32 where RTMP's own field wraps. */
  readonly timestamp: number;
  readonly payload: Buffer;
  /** A video frame that decoding can start from. */
  readonly keyframe: boolean;
  /** Codec configuration (AVCDecoderConfigurationRecord, AudioSpecificConfig) rather than a frame. */
  readonly configuration: boolean;
};

export type VideoFormat = {
  readonly codec: "h264" | "hevc" | "av1" | "vp8" | "vp9";
  readonly width: number | null;
  readonly height: number | null;
  readonly frameRate: number | null;
};

export type AudioFormat = {
  readonly codec: "aac" | "opus" | "mp3";
  readonly sampleRate: number | null;
  readonly channels: number | null;
};

import type { MediaMessage } from "../../rtmp/message.ts";

/** Messages as a player would give them; their bodies are only as real as the code under test needs. */
export function videoFrame(timestamp: number, options: { keyframe?: boolean; size?: number } = {}): MediaMessage {
  const { keyframe = false, size = 8 } = options;
  const payload = Buffer.alloc(size);
  payload[0] = keyframe ? 0x17 : 0x27;
  payload[1] = 1;
  return { kind: "video", timestamp, payload, keyframe, configuration: false };
}

export function audioFrame(timestamp: number): MediaMessage {
  return { kind: "audio", timestamp, payload: Buffer.of(0xaf, 1, 0, 0), keyframe: false, configuration: false };
}

export function videoConfiguration(timestamp: number, version = 1): MediaMessage {
  const payload = Buffer.of(0x17, 0, 0, 0, 0, version);
  return { kind: "video", timestamp, payload, keyframe: false, configuration: true };
}

export function audioConfiguration(timestamp: number): MediaMessage {
  return { kind: "audio", timestamp, payload: Buffer.of(0xaf, 0, 0x11, 0x90), keyframe: false, configuration: true };
}

import { readAudioFormat } from "../rtmp/formats.ts";
import { readMessage } from "../rtmp/message-body.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { aacPayloads } from "../rtp/aac.ts";
import { h264Payloads, readAvcConfiguration } from "../rtp/h264.ts";
import type { RtpPayload } from "../rtp/h264.ts";

/** RTP payload, bytes: with its header well under what MediaMTX passes on as it is. */
const maxPayload = 1_388;

/** How one track's messages go by RTP. */
export type CarriedTrack = {
  /** The media section of the SDP, without its control line. */
  readonly description: readonly string[];
  readonly payloadType: number;
  readonly clockRate: number;
  /** How long each frame lasts, by the clock; null where that is not fixed. */
  readonly frameTicks: number | null;
  /** Whether a frame's last packet is marked. */
  readonly marksLast: boolean;
  readonly payloads: (frame: Buffer, keyframe: boolean) => RtpPayload[];
};

/** H.264 (RFC 6184, 8.2.1) by its configuration message; null for what is not carried. */
export function carriedVideo(configuration: MediaMessage): CarriedTrack | null {
  const { codec, body: record } = readMessage("video", configuration.payload);
  const avc = codec === "h264" ? readAvcConfiguration(record) : null;
  if (avc === null) return null;
  const sets = avc.parameterSets.map((set) => set.toString("base64")).join(",");
  const profile = record.toString("hex", 1, 4);
  return {
    description: [
      "m=video 0 RTP/AVP 96",
      "a=rtpmap:96 H264/90000",
      `a=fmtp:96 packetization-mode=1; sprop-parameter-sets=${sets}; profile-level-id=${profile}`,
    ],
    payloadType: 96,
    clockRate: 90_000,
    frameTicks: null,
    marksLast: true,
    payloads: (frame, keyframe) => h264Payloads(frame, keyframe, avc, maxPayload),
  };
}

/** AAC or Opus by its configuration message; null for what is not carried. */
export function carriedAudio(configuration: MediaMessage): CarriedTrack | null {
  const { codec, body } = readMessage("audio", configuration.payload);
  const { sampleRate = null, channels = null } = readAudioFormat(configuration) ?? {};
  if (channels === null || sampleRate === null) return null;
  if (codec === "aac") return carriedAac(body, sampleRate, channels);
  return codec === "opus" ? carriedOpus(channels) : null;
}

/** RFC 3640, 4.1. */
function carriedAac(config: Buffer, sampleRate: number, channels: number): CarriedTrack {
  const mode = "profile-level-id=1; mode=AAC-hbr; sizelength=13; indexlength=3; indexdeltalength=3";
  return {
    description: [
      "m=audio 0 RTP/AVP 97",
      `a=rtpmap:97 mpeg4-generic/${sampleRate}/${channels}`,
      `a=fmtp:97 streamtype=5; ${mode}; config=${config.toString("hex")}`,
    ],
    payloadType: 97,
    clockRate: sampleRate,
    frameTicks: 1_024,
    marksLast: true,
    payloads: (frame) => aacPayloads(frame, maxPayload),
  };
}

/** RFC 7587, 7: always 48 kHz and two channels in the map, what it is in the parameters. */
function carriedOpus(channels: number): CarriedTrack {
  return {
    description: ["m=audio 0 RTP/AVP 97", "a=rtpmap:97 opus/48000/2", `a=fmtp:97 sprop-stereo=${channels > 1 ? 1 : 0}`],
    payloadType: 97,
    clockRate: 48_000,
    frameTicks: null,
    marksLast: false,
    payloads: (frame) => [[frame]],
  };
}

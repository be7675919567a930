import assert from "node:assert/strict";
import { test } from "node:test";
import type { MediaMessage } from "../rtmp/message.ts";
import { carriedAudio, carriedVideo } from "./carried-track.ts";
import { describe } from "./sdp.ts";

function configuration(kind: "video" | "audio", ...parts: readonly (string | number[])[]): MediaMessage {
  const payload = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return { kind, timestamp: 0, payload, keyframe: false, configuration: true };
}

const sps = [0x67, 0x42, 0xa0, 0x1e, 1];
const pps = [0x68, 2];
const record = [1, 0x42, 0xa0, 0x1e, 0xff, 0xe1, 0, sps.length, ...sps, 1, 0, pps.length, ...pps];
const avc = configuration("video", [0x17, 0, 0, 0, 0], record);
const opus = (channels: number): MediaMessage =>
  configuration("audio", [0x90], "Opus", "OpusHead", [1, channels, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

test("H.264 and AAC are described (the examples of RFC 6184, 8.2.1, and RFC 3640, 4.1 and 3.3.6)", () => {
  const [video, audio] = [carriedVideo(avc), carriedAudio(configuration("audio", [0xaf, 0], [0x11, 0xb0]))];
  assert.ok(video !== null && audio !== null);
  assert.deepEqual([video.clockRate, audio.clockRate], [90_000, 48_000]);
  assert.deepEqual(describe([video, audio]).split("\r\n"), [
    "v=0",
    "o=- 0 0 IN IP4 127.0.0.1",
    "s=-",
    "c=IN IP4 0.0.0.0",
    "t=0 0",
    "m=video 0 RTP/AVP 96",
    "a=rtpmap:96 H264/90000",
    "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0KgHgE=,aAI=; profile-level-id=42a01e",
    "a=control:trackID=0",
    "m=audio 0 RTP/AVP 97",
    "a=rtpmap:97 mpeg4-generic/48000/6",
    "a=fmtp:97 streamtype=5; profile-level-id=1; mode=AAC-hbr; sizelength=13; indexlength=3; indexdeltalength=3; config=11b0",
    "a=control:trackID=1",
    "",
  ]);
});

test("Opus is always said to be of two channels at 48 kHz, and whether it is stereo beside that (RFC 7587, 7)", () => {
  for (const channels of [1, 2])
    assert.deepEqual(carriedAudio(opus(channels))?.description.slice(1), [
      "a=rtpmap:97 opus/48000/2",
      `a=fmtp:97 sprop-stereo=${channels - 1}`,
    ]);
});

test("what is cut off, and other codecs, are not carried", () => {
  for (const payload of [avc.payload.subarray(0, 9), Buffer.from([0x90, ...Buffer.from("hvc1"), 1]), Buffer.alloc(0)])
    assert.equal(carriedVideo({ ...avc, payload }), null);
  for (const payload of [[0xaf, 0], [0xaf, 0, 0x11], [0xaf, 0, 0xff, 0xff], [0x2f], []])
    assert.equal(carriedAudio(configuration("audio", payload)), null);
});

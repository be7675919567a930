import assert from "node:assert/strict";
import { test } from "node:test";
import { preferredOffer } from "./offer.ts";

const session = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n";
const audio =
  "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\n";
/** As Chromium writes it, shortened. */
const video = [
  "m=video 9 UDP/TLS/RTP/SAVPF 96 97 102 103 45",
  "c=IN IP4 0.0.0.0",
  "a=mid:1",
  "a=rtpmap:96 VP8/90000",
  "a=rtcp-fb:96 nack pli",
  "a=rtpmap:97 rtx/90000",
  "a=fmtp:97 apt=96",
  "a=rtpmap:102 H264/90000",
  "a=rtcp-fb:102 nack pli",
  "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
  "a=rtpmap:103 rtx/90000",
  "a=fmtp:103 apt=102",
  "a=rtpmap:45 AV1/90000",
  "a=ssrc:1 cname:x",
  "",
].join("\r\n");

test("VP8 and its retransmissions are left out where something else is offered, and H.264 is first", () => {
  const offer = preferredOffer(session + audio + video);
  assert.match(offer, /^m=video 9 UDP\/TLS\/RTP\/SAVPF 102 103 45\r$/m);
  assert.doesNotMatch(offer, /VP8|:96|:97|apt=96/);
  assert.ok(offer.startsWith(session + audio));
  assert.match(offer, /a=fmtp:103 apt=102\r\na=rtpmap:45 AV1\/90000\r\na=ssrc:1 cname:x\r\n$/);
});

test("an offer of VP8 alone, of sound alone, and one that is no SDP stay as they are", () => {
  const alone =
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";
  for (const offer of [session + alone, session + audio, "", "m=video", "nothing of the sort"])
    assert.equal(preferredOffer(offer), offer);
});

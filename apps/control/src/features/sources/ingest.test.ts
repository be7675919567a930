import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "@trax/foundation/config";
import { Secret } from "@trax/foundation/secret";
import { ingestOf } from "./ingest.ts";
import { mediaAddress } from "./media-address.ts";
import { playbackOf } from "./playback.ts";

const sourceId = "src_01k9zv4q8fe6s9yq4n3g5t0w2x";
const studioId = "std_01k9zv4q8fe6s9yq4n3g5t0w2x";
const token = new Secret("pub_abc-_123");

test("addresses name the public host and the ports of this instance, with the token in place", () => {
  const config = readConfig({
    TRAX_PUBLIC_URL: "https://live.example.com/base",
    TRAX_RTMP_PORT: "2935",
    TRAX_SRT_PORT: "9000",
  });
  assert.deepEqual(ingestOf(mediaAddress(config), sourceId, token), {
    rtmp: { url: "rtmp://live.example.com:2935/in", streamKey: `${sourceId}?token=pub_abc-_123` },
    rtmps: { url: "rtmps://live.example.com:1936/in", streamKey: `${sourceId}?token=pub_abc-_123` },
    srt: { url: `srt://live.example.com:9000?streamid=publish:in/${sourceId}:session:pub_abc-_123` },
    whip: { url: `https://live.example.com/base/whip/${sourceId}`, bearerToken: "pub_abc-_123" },
  });
});

test("where SRT is encrypted its addresses say with what, to publish and to watch", () => {
  const address = mediaAddress(readConfig({ TRAX_SRT_PASSPHRASE: "0123456789" }));
  assert.match(ingestOf(address, sourceId, token).srt.url, /:pub_abc-_123&passphrase=0123456789$/);
  const { srt } = playbackOf(address, { view: "program", studioId, sourceId: null }, token);
  assert.match(srt?.url ?? "", /:pub_abc-_123&passphrase=0123456789$/);
});

test("without a public URL they are loopback", () => {
  const ingest = ingestOf(mediaAddress(readConfig({})), sourceId, token);
  assert.equal(ingest.rtmp.url, "rtmp://127.0.0.1:1935/in");
  assert.equal(ingest.whip.url, `http://127.0.0.1:8080/whip/${sourceId}`);
});

test("what is watched has an address for each protocol, a preview for WebRTC alone", () => {
  const address = mediaAddress(readConfig({ TRAX_PUBLIC_URL: "https://live.example.com", TRAX_HLS_PORT: "9888" }));
  const program = playbackOf(address, { view: "program", studioId, sourceId: null }, token);
  assert.deepEqual(program, {
    whep: { url: `https://live.example.com/whep/${studioId}`, bearerToken: "pub_abc-_123" },
    srt: { url: `srt://live.example.com:8890?streamid=read:program/${studioId}:session:pub_abc-_123` },
    rtmp: { url: `rtmp://live.example.com:1935/program/${studioId}?token=pub_abc-_123` },
    hls: { url: `http://live.example.com:9888/program/${studioId}/index.m3u8?token=pub_abc-_123` },
  });
  const source = playbackOf(address, { view: "source", studioId, sourceId }, token);
  assert.equal(source.whep.url, `https://live.example.com/whep/${sourceId}`);
  assert.equal(source.rtmp?.url, `rtmp://live.example.com:1935/in/${sourceId}?token=pub_abc-_123`);
  assert.deepEqual(playbackOf(address, { view: "preview", studioId, sourceId: null }, token), {
    whep: { url: `https://live.example.com/whep/${studioId}/preview`, bearerToken: "pub_abc-_123" },
  });
});

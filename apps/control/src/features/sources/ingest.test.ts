import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "@trax/foundation/config";
import { Secret } from "@trax/foundation/secret";
import { ingestAddress, ingestOf } from "./ingest.ts";

const sourceId = "src_01k9zv4q8fe6s9yq4n3g5t0w2x";
const token = new Secret("pub_abc-_123");

test("addresses name the public host and the ports of this instance, with the token in place", () => {
  const config = readConfig({
    TRAX_PUBLIC_URL: "https://live.example.com/base",
    TRAX_RTMP_PORT: "2935",
    TRAX_SRT_PORT: "9000",
  });
  assert.deepEqual(ingestOf(ingestAddress(config), sourceId, token), {
    rtmp: { url: "rtmp://live.example.com:2935/in", streamKey: `${sourceId}?token=pub_abc-_123` },
    rtmps: { url: "rtmps://live.example.com:1936/in", streamKey: `${sourceId}?token=pub_abc-_123` },
    srt: { url: `srt://live.example.com:9000?streamid=publish:in/${sourceId}:session:pub_abc-_123` },
    whip: { url: `https://live.example.com:8889/in/${sourceId}/whip`, bearerToken: "pub_abc-_123" },
  });
});

test("without a public URL they are loopback", () => {
  const ingest = ingestOf(ingestAddress(readConfig({})), sourceId, token);
  assert.equal(ingest.rtmp.url, "rtmp://127.0.0.1:1935/in");
  assert.equal(ingest.whip.url, `http://127.0.0.1:8889/in/${sourceId}/whip`);
});

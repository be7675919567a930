import assert from "node:assert/strict";
import { test } from "node:test";
import { DestinationUrl } from "./destination.ts";

for (const url of [
  "rtmp://live.example.com/app",
  "RTMPS://live.example.com:443/app/instance?x=1&y=a@b",
  "srt://live.example.com:9000?streamid=publish:a",
  "rtmp://93.184.216.34",
  "rtmp://[2606:2800:220:1::1946]:1935/app",
  "rtmp://media_server:65535/app",
  "https://live.example.com/whip/endpoint?x=1",
  "http://127.0.0.1:8889/live/whip",
]) {
  test(`a destination's URL: ${url}`, () => assert.equal(DestinationUrl.parse(url), url));
}

for (const url of [
  "",
  "ftp://example.com/",
  "https://user:pass@live.example.com/whip",
  "whip://example.com/",
  "file:///etc/passwd",
  "rtmp://",
  "rtmp:///app",
  "rtmp:example.com",
  " rtmp://example.com",
  "rtmp://user:pass@live.example.com/app",
  "rtmp://@live.example.com/app",
  "rtmp://live.example.com/app#",
  "rtmp://live.example.com:0/app",
  "rtmp://live.example.com:65536/app",
  "rtmp://live.example.com:/app",
  "srt://live.example.com",
  "rtmp://live.example.com/a b",
  "rtmp://live.example.com/a\nb",
  'rtmp://live.example.com/"',
]) {
  test(`not a destination's URL: ${JSON.stringify(url)}`, () =>
    assert.equal(DestinationUrl.safeParse(url).success, false));
}

import type { Addresses } from "./instance/addresses.ts";

export type ShowCommand = { readonly about: string; readonly command: string };

/** Where the stand-in for a platform listens: any port that nothing else is likely to have. */
const receiver = "rtmp://127.0.0.1:19350/live";

/**
 * Three commands for one shell, to be pasted one after the other, which put a
 * test picture on air. They need curl and ffmpeg and nothing else (ids tell
 * by their prefix what they are, so grep finds them). A second ffmpeg stands
 * in for the platform and keeps what it is sent in `on-air.mkv`; both end by
 * themselves.
 */
export function firstShow({ baseUrl, rtmpUrl }: Addresses, secret: string): readonly ShowCommand[] {
  const post = `curl -sS --oauth2-bearer "$KEY" --json`;
  const destination = JSON.stringify({ name: "Stand-in", platform: "custom", url: receiver, streamKey: "demo" });
  return [
    {
      about: "1. A studio with a source, and a destination on this machine",
      command: joinLines([
        `KEY=${secret} API=${baseUrl}/v1`,
        `STUDIO=$(${post} '{"name":"First show"}' "$API/studios" | grep -o 'std_[0-9a-z]*' | head -n 1)`,
        `STREAM=$(${post} '{"name":"Test picture"}' "$API/studios/$STUDIO/sources" | grep -o 'src_[0-9a-z]*?token=[^"&]*' | head -n 1)`,
        `${post} '${destination}' "$API/studios/$STUDIO/destinations"`,
        "echo",
      ]),
    },
    {
      about:
        "2. In the background: who receives it (into on-air.mkv), and a test picture with a tone, for five minutes",
      command: [
        `ffmpeg -nostdin -loglevel error -y -listen 1 -i ${receiver}/demo -c copy on-air.mkv & \\`,
        "ffmpeg -nostdin -loglevel error -re -f lavfi -i testsrc2=size=640x360:rate=30 -f lavfi -i sine=frequency=440 -t 300 \\",
        "  -c:v libx264 -preset veryfast -tune zerolatency -b:v 1500k -g 60 -pix_fmt yuv420p -c:a aac \\",
        `  -f flv "${rtmpUrl}/$STREAM" &`,
      ].join("\n"),
    },
    {
      about: "3. On air; waits until it is live, and says how it fares. (POST …/go-offline ends it.)",
      command: joinLines([
        `${post} '{}' "$API/studios/$STUDIO/go-live"`,
        "echo",
        `until curl -sS --oauth2-bearer "$KEY" "$API/studios/$STUDIO/stream-status" | grep '"state":"live"'; do sleep 1; done`,
      ]),
    },
  ];
}

function joinLines(lines: readonly string[]): string {
  return lines.join(" && \\\n");
}

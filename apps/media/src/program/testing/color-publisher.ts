import { type Child, startChild } from "@trax/peers";

const video =
  "-c:v libx264 -preset ultrafast -tune zerolatency -pix_fmt yuv420p -g 15 -color_range tv -colorspace bt709";

/** Publishes one colour (`#rrggbb`) and a tone, 320x180 at 30, until stopped. */
export function startColorPublisher(url: string, color: string): Promise<Child> {
  const picture = `color=${color}:size=320x180:rate=30,scale=out_color_matrix=bt709:out_range=tv`;
  return startChild("ffmpeg", [
    ..."-hide_banner -loglevel warning -nostdin -re -f lavfi -i".split(" "),
    picture,
    ..."-re -f lavfi -i sine=frequency=440:sample_rate=48000".split(" "),
    ...video.split(" "),
    ..."-c:a aac -b:a 64k -ac 2 -flush_packets 1 -f flv".split(" "),
    url,
  ]);
}

/**
 * The offer of a publisher without VP8, where it has something else to send: RTMP,
 * by which sources are read, has no VP8. H.264 comes first, since every
 * destination takes it as it is. Whatever cannot be read is left as it was
 * (RFC 8866; RFC 4588, 8.1 for what `apt` says of retransmissions).
 */
export function preferredOffer(sdp: string): string {
  const [session, ...sections] = sdp.split(/^(?=m=)/m);
  return [
    session,
    ...sections.map((section) => (section.startsWith("m=video ") ? preferredVideo(section) : section)),
  ].join("");
}

function preferredVideo(section: string): string {
  const codecs = new Map(
    [...section.matchAll(/^a=rtpmap:(\d+) ([\w-]+)\//gm)].map(([, type = "", codec = ""]) => [
      type,
      codec.toUpperCase(),
    ]),
  );
  const of = (...names: string[]): string[] =>
    [...codecs].flatMap(([type, codec]) => (names.includes(codec) ? type : []));
  if (of("H264", "VP9", "AV1", "H265").length === 0) return section;
  const vp8 = of("VP8");
  const repairs = [...section.matchAll(/^a=fmtp:(\d+) (?:.*;)?apt=(\d+)\b/gm)];
  const dropped = new Set([
    ...vp8,
    ...repairs.flatMap(([, type = "", repaired = ""]) => (vp8.includes(repaired) ? type : [])),
  ]);
  const first = of("H264");
  return section
    .replaceAll(/^a=(?:rtpmap|fmtp|rtcp-fb):(\d+) .*(?:\r?\n|$)/gm, (line, type: string) =>
      dropped.has(type) ? "" : line,
    )
    .replace(/^(m=video \S+ \S+)((?: \d+)+)/, (_line, head: string, types: string) => {
      const left = types
        .trim()
        .split(" ")
        .filter((type) => !dropped.has(type));
      return [
        head,
        ...left.filter((type) => first.includes(type)),
        ...left.filter((type) => !first.includes(type)),
      ].join(" ");
    });
}

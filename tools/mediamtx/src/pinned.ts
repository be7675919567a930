/** The one MediaMTX that TRaX is built against and tested with. */
export const pinnedVersion = "v1.20.1";

/** Go's own sum of the module at that version (the `h1:` of go.sum), checked before it is built. */
export const goModuleSum = "h1:nY/EAViwn1zN9krUOTCsuU7v+cAdJ62jdrcc8pI9grI=";

/** MediaMTX embeds hls.js; upstream fetches it when it makes a release, so the module does not carry it. */
export const hlsJs = {
  package: "hls.js@1.7.0",
  file: "package/dist/hls.min.js",
  sha256: "1f28c6a43deedddbd59aea4c119bd788f5e2347772c19da1f6f92f8d0032d9dc",
} as const;

const types: Readonly<Record<string, string>> = {
  jpg: "image/jpeg",
  png: "image/png",
  mp4: "video/mp4",
  json: "application/json",
};

/** What a file that was made of an asset is, by how its key ends. */
export function typeOfMade(key: string): string {
  return types[key.slice(key.lastIndexOf(".") + 1)] ?? "application/octet-stream";
}

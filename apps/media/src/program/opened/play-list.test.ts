import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type FileServer, startFileServer } from "../testing/file-server.ts";
import { Addresses } from "./addresses.ts";
import { itemsOf, namesList, withoutLists } from "./play-list.ts";

let server: FileServer;
const addresses = new Addresses();
const { signal } = new AbortController();

before(async () => {
  server = await startFileServer();
});
after(async () => {
  await addresses.close();
  await server.stop();
});

test("a list is known by its name, and its lines are whole addresses", () => {
  assert.ok(namesList("https://a.example/Show.M3U8?x=1"));
  assert.ok(!namesList("https://a.example/show.mp4?list=a.m3u"));
  const list =
    "\uFEFF#EXTM3U\r\n#EXTINF:5,One\r\none.mp4\r\n\r\n/two.mp4\nhttps://b.example/3.mp4\nfile:///etc/passwd\n";
  assert.deepEqual(itemsOf(list, "http://a.example/lists/show.m3u"), [
    "http://a.example/lists/one.mp4",
    "http://a.example/two.mp4",
    "https://b.example/3.mp4",
  ]);
  assert.equal(itemsOf("#EXTM3U\n#EXT-X-VERSION:3\nlive0.ts\n", "http://a.example/live.m3u8"), null);
  assert.equal(itemsOf("#EXTM3U\n", "http://a.example/live.m3u8"), null);
});

test("lists are read where nothing else may be, and their redirects followed", async () => {
  server.put("/list.m3u", Buffer.from("a.mp4\nb.mp4\n"));
  server.put("/moved.m3u", { redirect: "/list.m3u" });
  server.put("/away.m3u", { redirect: "http://10.0.0.1/list.m3u" });
  const urls = [`${server.url}/first.mp4`, `${server.url}/moved.m3u`];
  const read = async (all: readonly string[]) => withoutLists(all, addresses, signal);
  const refused = await read(urls);
  assert.equal("code" in refused && refused.code, "address_refused");
  addresses.allowedNetworks = ["127.0.0.0/8"];
  assert.deepEqual(await read(urls), [`${server.url}/first.mp4`, `${server.url}/a.mp4`, `${server.url}/b.mp4`]);
  const away = await read([`${server.url}/away.m3u`]);
  assert.equal("code" in away && away.code, "address_refused");
  const missing = await read([`${server.url}/none.m3u`]);
  assert.equal("code" in missing && missing.code, "not_found");
});

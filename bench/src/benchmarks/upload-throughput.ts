import { randomBytes } from "node:crypto";
import { AssetCreated } from "@trax/contract";
import { readConfig } from "@trax/foundation/config";
import { openBucket } from "@trax/foundation/object-store/s3-bucket";
import { openS3Store } from "@trax/foundation/object-store/s3";
import { s3Uploads } from "@trax/foundation/object-store/s3-uploads";
import { startS3 } from "@trax/peers/s3/s3";
import type { ApiClient } from "../api-client.ts";
import type { Benchmark, Outcome, Setting } from "../benchmark.ts";
import { ratios } from "../statistics.ts";
import { startTrax } from "../trax.ts";

const mb = 1_000_000;
/** Below what is sent in parts, and well above it. */
const sizes = { one: 96 * mb, parts: 480 * mb } as const;
const partsAtOnce = 2;

/** An upload to the media library, from asking for it to being told that it is complete, against the PUT alone. */
export const uploadThroughput: Benchmark = {
  name: "upload-throughput",
  title: "An upload to the media library against a plain PUT to the same S3 server",
  run: async (setting) => {
    const s3 = await startS3();
    try {
      const trax = await startTrax(setting.directory, s3.environment);
      const bucket = openBucket(s3.bucket, readConfig(s3.environment));
      const store = openS3Store(bucket);
      try {
        const account = await trax.newAccount();
        return await compare(setting, {
          library: (bytes) => throughLibrary(account, bytes),
          plain: async (bytes) => {
            const object = { key: "bench/plain", contentType: "video/mp4", sizeBytes: bytes.length, sha256: null };
            const { url, headers } = await s3Uploads(bucket).put(object, 600);
            const started = performance.now();
            await put(url, headers, bytes);
            const rate = bytes.length / mb / ((performance.now() - started) / 1_000);
            await store.remove(object.key);
            return rate;
          },
        });
      } finally {
        await store.close();
        await trax.stop();
      }
    } finally {
      await s3.stop();
    }
  },
};

type Bytes = Uint8Array<ArrayBuffer>;
/** MB/s. */
type Way = (bytes: Bytes) => Promise<number>;

async function put(url: string, headers: Readonly<Record<string, string>>, body: Bytes): Promise<void> {
  const answer = await fetch(url, { method: "PUT", headers, body });
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`a PUT was answered ${answer.status}`);
}

async function throughLibrary(account: ApiClient, bytes: Bytes): Promise<number> {
  const started = performance.now();
  const given = { name: "Show.mp4", contentType: "video/mp4", sizeBytes: bytes.length };
  const { id, upload } = AssetCreated.parse(await account.ask("POST", "/v1/media", given));
  if (upload.parts === null) await put(upload.url, upload.headers, bytes);
  else {
    const left = [...upload.parts];
    const sender = async (): Promise<void> => {
      for (let part = left.shift(); part !== undefined; part = left.shift())
        await put(part.url, part.headers, bytes.subarray(part.offset, part.offset + part.sizeBytes));
    };
    await Promise.all(Array.from({ length: partsAtOnce }, sender));
  }
  await account.ask("POST", `/v1/media/${id}/complete`);
  const rate = bytes.length / mb / ((performance.now() - started) / 1_000);
  // What looks at it now would be in the way of the next.
  await account.ask("DELETE", `/v1/media/${id}`);
  return rate;
}

async function compare(
  { quick, say }: Setting,
  { library, plain }: { readonly library: Way; readonly plain: Way },
): Promise<Outcome> {
  const repetitions = quick ? 2 : 7;
  const ask = async (size: number): Promise<{ library: number[]; plain: number[] }> => {
    const bytes = Buffer.from(randomBytes(size));
    const samples: { library: number[]; plain: number[] } = { library: [], plain: [] };
    // The first of each is for caches and the just-in-time compiler.
    await library(bytes);
    await plain(bytes);
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      samples.library.push(await library(bytes));
      samples.plain.push(await plain(bytes));
      say(
        `${size / mb} MB, ${repetition} of ${repetitions}: ${samples.library.at(-1)?.toFixed(0)} against ${samples.plain.at(-1)?.toFixed(0)} MB/s`,
      );
    }
    return samples;
  };
  const one = await ask(sizes.one);
  const parts = await ask(quick ? sizes.parts / 4 : sizes.parts);
  return {
    method:
      `${sizes.one / mb} MB in one PUT, and ${sizes.parts / mb} MB in parts (${partsAtOnce} at a time) through the library (POST /v1/media, ` +
      `the bytes to VersityGW, complete), in turns with one signed PUT of the same bytes to the same server. A client in Node, by fetch, on loopback.`,
    series: [
      { name: "library, one PUT", unit: "MB/s", samples: one.library },
      { name: "plain PUT of the same", unit: "MB/s", samples: one.plain },
      {
        name: "library / plain, one PUT",
        unit: "ratio",
        samples: ratios(one.library, one.plain),
        goal: { atLeast: 0.95 },
      },
      { name: "library, in parts", unit: "MB/s", samples: parts.library },
      { name: "plain PUT of as much", unit: "MB/s", samples: parts.plain },
      {
        name: "library / plain, in parts",
        unit: "ratio",
        samples: ratios(parts.library, parts.plain),
      },
    ],
    notes: [
      "The library's time has two requests to the API in it besides the bytes.",
      "With parts it also has the server's putting them together, for which VersityGW writes all of them once more: without a goal.",
      "No SHA-256 is announced on either side.",
    ],
  };
}

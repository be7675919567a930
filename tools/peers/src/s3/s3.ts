import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Child, startChild } from "../child.ts";
import { freePort, isListening } from "../ports.ts";
import { tempDirectory } from "../temp-directory.ts";
import { waitFor } from "../wait-for.ts";
import { ensureVersitygw } from "./versitygw.ts";

export type S3 = {
  /** `http://127.0.0.1:PORT`; buckets are in the path (`forcePathStyle`). */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The bucket that is there from the start; any other is made as S3 makes them. */
  readonly bucket: string;
  /** TRAX_S3_* for a TRaX that uses it. */
  readonly environment: Readonly<Record<string, string>>;
  /** The keys of what is completely there in `bucket`, sorted. */
  readonly keys: () => Promise<string[]>;
  /** Where that bucket's objects are, each a file under its key. */
  readonly directory: string;
  /** Connections are refused from now on; what is stored stays. */
  readonly goAway: () => Promise<void>;
  /** Back on the same port with the same data. */
  readonly comeBack: () => Promise<void>;
  /** Takes connections and says nothing, and what hangs in it goes on when it is thawed. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly stop: () => Promise<void>;
};

const region = "us-east-1";
const bucket = "trax-media";
const accessKeyId = "trax-test";
/** Of a server on loopback that lives as long as a test. */
const secretAccessKey = "not-a-secret-of-anybody";

/**
 * Starts VersityGW on a free port of loopback, over a directory that is there
 * (a small disk, say) or a temporary one. The first call on a machine builds it,
 * which takes minutes (`ensureVersitygw`).
 */
export async function startS3(over?: string): Promise<S3> {
  const binary = await ensureVersitygw((line) => void process.stderr.write(`${line}\n`));
  const directory = await tempDirectory("s3");
  const data = over ?? join(directory.path, "data");
  // Beside the objects, because a temporary directory may have no extended attributes.
  const metadata = join(directory.path, "metadata");
  await mkdir(join(data, bucket), { recursive: true });
  await mkdir(metadata);
  const port = await freePort();

  const start = async (): Promise<Child> => {
    const server = await startChild(
      binary,
      ["--port", `127.0.0.1:${port}`, "--region", region, "--quiet", "posix", "--sidecar", metadata, data],
      { env: { ...process.env, ROOT_ACCESS_KEY_ID: accessKeyId, ROOT_SECRET_ACCESS_KEY: secretAccessKey } },
    );
    try {
      await waitFor("VersityGW listens", () => {
        if (server.hasExited()) throw new Error(`VersityGW ended: ${server.output()}`);
        return isListening("tcp", port);
      });
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  };

  let server: Child;
  try {
    server = await start();
  } catch (error) {
    await directory.remove();
    throw error;
  }
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    region,
    accessKeyId,
    secretAccessKey,
    bucket,
    environment: {
      TRAX_S3_ENDPOINT: endpoint,
      TRAX_S3_BUCKET: bucket,
      TRAX_S3_REGION: region,
      TRAX_S3_ACCESS_KEY_ID: accessKeyId,
      TRAX_S3_SECRET_ACCESS_KEY: secretAccessKey,
      TRAX_S3_FORCE_PATH_STYLE: "true",
    },
    keys: () => keysIn(join(data, bucket)),
    directory: join(data, bucket),
    goAway: () => server.stop(),
    comeBack: async () => {
      server = await start();
    },
    freeze: () => server.signal("SIGSTOP"),
    thaw: () => server.signal("SIGCONT"),
    stop: async () => {
      await server.stop();
      await directory.remove();
    },
  };
}

/** What it keeps for itself (parts of uploads that are under way) stands under names that begin with a dot. */
async function keysIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((key) => !key.startsWith("."))
    .sort();
}

import { S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import type { Config } from "../config.ts";
import { codeOf } from "../error-code.ts";
import { StorageAway } from "./storage-away.ts";
import { StorageFull } from "./storage-full.ts";

/** A bucket and who talks to it. */
export type Bucket = {
  readonly name: string;
  readonly client: S3Client;
  /** Runs one request; it is given up after `patienceMs`. Throws `StorageAway` where the server cannot answer, `StorageFull` where it says that it has no room. */
  ask<Answer>(request: (signal: AbortSignal) => Promise<Answer>, patienceMs?: number): Promise<Answer>;
};

const usualPatienceMs = 5_000;
const connectMs = 3_000;

export function openBucket(name: string, config: Config): Bucket {
  const { TRAX_S3_ENDPOINT: endpoint, TRAX_S3_ACCESS_KEY_ID: accessKeyId } = config;
  const secret = config.TRAX_S3_SECRET_ACCESS_KEY;
  const client = new S3Client({
    region: config.TRAX_S3_REGION,
    ...(endpoint === null ? {} : { endpoint }),
    forcePathStyle: config.TRAX_S3_FORCE_PATH_STYLE ?? endpoint !== null,
    ...(accessKeyId === null || secret === null
      ? {}
      : { credentials: { accessKeyId, secretAccessKey: secret.reveal() } }),
    // Checksums that nobody asked for would go into presigned URLs, and not every server knows them.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 2,
    requestHandler: { connectionTimeout: connectMs },
  });
  return {
    name,
    client,
    async ask(request, patienceMs = usualPatienceMs) {
      try {
        return await request(AbortSignal.timeout(patienceMs));
      } catch (error) {
        if (isFull(error)) throw new StorageFull("the S3 server has no room", { cause: error });
        if (isAway(error)) throw new StorageAway("the S3 server cannot be reached", { cause: error });
        throw error;
      }
    },
  };
}

const connectionFailures = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EPIPE",
  "ETIMEDOUT",
]);

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof S3ServiceException) {
    const status = error.$metadata.httpStatusCode ?? 0;
    return status >= 500 || status === 429;
  }
  return connectionFailures.has(codeOf(error)) || error.name === "AbortError" || error.name === "TimeoutError";
}

/** AWS has no such answer; servers that others run do: VersityGW and MinIO by 507 or by these names. */
function isFull(error: unknown): boolean {
  return (
    error instanceof S3ServiceException &&
    (error.$metadata.httpStatusCode === 507 || /^(QuotaExceeded|XMinioStorageFull)$/.test(error.name))
  );
}

/** Whether the server said that there is no such object, or upload. */
export function isAbsent(error: unknown): boolean {
  return (
    error instanceof S3ServiceException &&
    (error.$metadata.httpStatusCode === 404 || /^(NoSuchKey|NotFound|NoSuchUpload)$/.test(error.name))
  );
}

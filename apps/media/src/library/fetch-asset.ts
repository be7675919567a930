import { createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ObjectStore } from "@trax/foundation/object-store";
import type { ClaimedAsset } from "@trax/media-protocol";
import { diskSpace, isNearlyFull } from "../recording/disk-space.ts";
import { Refused } from "./refused.ts";

/** The disk has no room for it. */
export class NoRoom extends Error {
  override readonly name = "NoRoom";
}

/** Another node has it, and may come back. */
export class Elsewhere extends Error {
  override readonly name = "Elsewhere";
}

/** A node that was silent for so long does not come back. */
const lostMs = 24 * 3_600_000;
const goneRecording = "The recording was deleted before it was in the library.";
const lostRecording = "The media server that recorded it was not there any more, before the recording was in storage.";
const goneUpload = "What was uploaded is not in storage any more.";

type From = { readonly store: ObjectStore; readonly dataDir: string };

/**
 * Makes an asset's bytes a file of this machine, below `directory` where they
 * are not one. Those of a recording are put into the store first, by the node
 * that has them. Throws Refused where they are gone, Elsewhere where they are on
 * a node that is silent, NoRoom where they would fill the disk, and what the
 * store throws.
 */
export async function fetchAsset(
  asset: ClaimedAsset,
  directory: string,
  { store, dataDir }: From,
  signal: AbortSignal,
): Promise<string> {
  const { objectKey, origin, recordingPath, silentMs, contentType, sizeBytes } = asset;
  const { freeBytes, totalBytes } = await diskSpace(directory);
  if (isNearlyFull({ freeBytes, totalBytes })) throw new NoRoom("the disk is nearly full");
  const recording = recordingPath === null ? null : join(dataDir, recordingPath);
  if (recording !== null && (await isThere(recording))) {
    await store.putFile(objectKey, recording, { contentType, signal });
    return recording;
  }
  const local = await store.localPath(objectKey);
  if (local !== null) return local;
  if (isNearlyFull({ freeBytes: freeBytes - sizeBytes, totalBytes })) throw new NoRoom("the disk is nearly full");
  const found = await store.read(objectKey);
  if (found === null) {
    if (silentMs !== null && silentMs < lostMs) throw new Elsewhere("the node that has the recording is silent");
    throw new Refused(silentMs !== null ? lostRecording : origin === "recording" ? goneRecording : goneUpload);
  }
  const path = join(directory, "original");
  try {
    if (found.stored.sizeBytes !== sizeBytes)
      throw new Refused(`It has ${found.stored.sizeBytes} bytes, and was to have ${sizeBytes}.`);
    await pipeline(found.body, createWriteStream(path, { mode: 0o640 }), { signal });
    return path;
  } finally {
    found.body.destroy();
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

import { mkdir, open } from "node:fs/promises";
import { constants } from "node:os";
import { dirname } from "node:path";
import { AV_LOG_QUIET, AVIO_FLAG_WRITE } from "node-av/constants";
import { FFmpegError, IOContext, Log } from "node-av/lib";
import { diskSpace, isNearlyFull } from "../recording/disk-space.ts";
import type { DiskSpace } from "../recording/disk-space.ts";
import type { RelayDestination } from "../relay/protocol.ts";
import type { OpenOptions, Sender, SenderListener } from "../relay/sender.ts";
import type { CloseReason } from "../rtmp/errors.ts";
import type { OutgoingMessage } from "../rtmp/outgoing.ts";
import type { Taken } from "../rtmp/publisher.ts";
import { FormatChanged, FragmentMuxer, NotRecordable } from "./fragment-muxer.ts";
import { OutputQueue } from "./output-queue.ts";

const checkDiskMs = 2_000;

const full: CloseReason = { code: "disk_full", message: "The disk for recordings is nearly full." };

// FFmpeg prints to standard error otherwise, past our log.
Log.setLevel(AV_LOG_QUIET);

/**
 * Begins a file (fragmented MP4) that is not there yet: one that is there is
 * never written to. Answers why not where that is known at once; all else comes
 * to the listener. A full disk and a failing write end the recording alone.
 */
export async function openRecording(
  destination: Pick<RelayDestination, "url">,
  options: Pick<OpenOptions, "maxQueueBytes">,
  listener: SenderListener,
  space: (directory: string) => Promise<DiskSpace> = diskSpace,
): Promise<Sender | CloseReason> {
  const path = destination.url;
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    if (isNearlyFull(await space(dirname(path)))) return full;
    await (await open(path, "wx", 0o640)).close();
  } catch (error) {
    return diskError(error);
  }
  const output = new RecordingOutput(options.maxQueueBytes, listener, () => space(dirname(path)));
  void output.run(path);
  return output;
}

/**
 * One file. FFmpeg blocks a thread of the pool while it writes, never the event
 * loop. Bytes count as taken when they have left for the file, a fragment at a
 * time.
 */
class RecordingOutput implements Sender {
  readonly #listener: SenderListener;
  readonly #space: () => Promise<DiskSpace>;
  readonly #queue: OutputQueue;
  readonly #io = new IOContext();
  #isOpen = false;
  #isClosing = false;
  #isFull = false;
  #takenBytes = 0;
  #takenAt: number | null = null;

  constructor(maxQueueBytes: number, listener: SenderListener, space: () => Promise<DiskSpace>) {
    this.#queue = new OutputQueue(maxQueueBytes);
    this.#listener = listener;
    this.#space = space;
  }

  get droppedFrames(): number {
    return this.#queue.droppedFrames;
  }

  taken(): Taken {
    return { takenBytes: this.#takenBytes, takenAt: this.#takenAt, acknowledges: false };
  }

  send(message: OutgoingMessage): void {
    if (this.#isOpen) this.#queue.push(message);
  }

  close(): void {
    this.#isClosing = true;
    this.#queue.end();
  }

  /** Opens the file, writes until closed or failed, and closes it. Never rejects. */
  async run(path: string): Promise<void> {
    const opened = await this.#io.open2(path, AVIO_FLAG_WRITE);
    if (opened < 0) {
      this.#listener.onClosed(
        this.#isClosing ? null : { code: "disk_failed", message: "The file could not be opened." },
      );
      return;
    }
    const muxer = new FragmentMuxer(this.#io);
    const checks = setInterval(() => void this.#checkSpace(), checkDiskMs);
    let reason: CloseReason | null = null;
    try {
      this.#isOpen = true;
      if (!this.#isClosing) this.#listener.onPublishing();
      await this.#writeAll(muxer);
      if (this.#isFull) reason = full;
    } catch (error) {
      reason = writeError(error);
    }
    clearInterval(checks);
    this.#isOpen = false;
    this.#queue.end();
    try {
      // On a disk that is full the space for the end is there: some is always left.
      await muxer.finish();
    } catch (error) {
      reason ??= writeError(error);
    }
    muxer.free();
    await this.#io.closep();
    this.#listener.onClosed(this.#isClosing ? null : reason);
  }

  async #writeAll(muxer: FragmentMuxer): Promise<void> {
    for (let next = await this.#queue.take(); next !== null; next = await this.#queue.take()) {
      await this.#write(muxer, next);
    }
    for (const message of this.#queue.drain()) await this.#write(muxer, message);
  }

  async #write(muxer: FragmentMuxer, message: OutgoingMessage): Promise<void> {
    await muxer.write(message.media);
    const written = Number(this.#io.tell());
    if (written === this.#takenBytes) return;
    const isFirst = this.#takenAt === null;
    this.#takenBytes = written;
    this.#takenAt = performance.now();
    if (isFirst) this.#listener.onTaken();
  }

  async #checkSpace(): Promise<void> {
    // A disk that does not tell is judged by whether it writes.
    const space = await this.#space().catch(() => null);
    if (space === null || !isNearlyFull(space)) return;
    this.#isFull = true;
    this.#queue.end();
  }
}

function diskError(error: unknown): CloseReason {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code === "ENOSPC" || code === "EDQUOT") return full;
  if (code === "EEXIST") return { code: "disk_failed", message: "The file is there already." };
  return { code: "disk_failed", message: "The directory for recordings cannot be written to." };
}

function writeError(error: unknown): CloseReason {
  if (error instanceof FormatChanged) {
    return { code: "protocol_error", message: "The stream's format changed: the recording goes on in another file." };
  }
  if (error instanceof FFmpegError && [constants.errno.ENOSPC, constants.errno.EDQUOT].includes(-error.code))
    return full;
  if (error instanceof NotRecordable || (error instanceof FFmpegError && (error.isInvalidData || error.isEINVAL))) {
    return { code: "protocol_error", message: "This stream cannot be recorded." };
  }
  return { code: "disk_failed", message: "Writing the recording failed." };
}

import type { Demuxed, Demuxer } from "../../ffmpeg/demuxer.ts";
import type { SharedFrame } from "../../ffmpeg/shared-frame.ts";
import { Upright } from "../../ffmpeg/upright.ts";
import type { Stereo } from "../audio/pcm.ts";
import type { SourceAudioFormat, SourceFault, SourceVideoFormat } from "../protocol.ts";
import { SourceClock } from "../source-clock.ts";
import type { Addresses } from "./addresses.ts";
import { ended, Undecodable } from "./fault.ts";
import { OpenedMedia } from "./opened-media.ts";
import { Pace } from "./pace.ts";
import { withoutLists } from "./play-list.ts";
import { Retry } from "./retry.ts";

export type PlaybackListener = {
  /** To be shown from `dueMs` on, for as long as it lasts. The listener holds it. */
  readonly onPicture: (picture: SharedFrame, dueMs: number, untilMs: number) => void;
  readonly onSamples: (block: Stereo, dueMs: number) => void;
  /** Timestamps begin anew. */
  readonly onInterrupted: () => void;
  readonly onFormats: (video: SourceVideoFormat | null, audio: SourceAudioFormat | null) => void;
  /** It cannot be played, and is tried again later. */
  readonly onFault: (fault: SourceFault) => void;
  /** It was played once, as wanted. */
  readonly onEnded: () => void;
};

export type PlaybackOptions = {
  readonly kind: "media" | "pull";
  /** One, or more to play one after the other; lists (M3U) among them. */
  readonly urls: readonly string[];
  readonly loops: () => boolean;
  /** The engine's clock, ms. */
  readonly now: () => number;
  /** The program's. */
  readonly frameRate: number;
  readonly addresses: Addresses;
};

/** An image in a playlist. */
const stillMs = 5_000;
/** So many packets and so long without a picture: none will come. */
const hopelessPackets = 100;
const hopelessMs = 5_000;
/** Of a playlist the next item is opened so long before the end of this one. */
const openAheadMs = 4_000;

/** Plays clips, images and pulled streams, again and again, until it is closed. Times are the engine's, ms. */
export class Playback {
  readonly #o: PlaybackOptions;
  readonly #listener: PlaybackListener;
  readonly #retry = new Retry();
  readonly #running: Promise<void>;
  readonly #upright = new Upright();
  #pace: Pace;
  #media: OpenedMedia | null = null;
  /** Of a playlist: opened ahead. */
  #next: OpenedMedia | null = null;
  #index = 0;
  /** Of what comes at its own pace. */
  #clock: SourceClock | null = null;
  #receivedBytes = 0;
  #isClosed = false;
  readonly #closing = new AbortController();
  /** To be played one after the other. */
  #urls: readonly string[];
  #undecoded = 0;
  #decodedAt = 0;

  constructor(options: PlaybackOptions, listener: PlaybackListener) {
    this.#o = options;
    this.#listener = listener;
    this.#urls = options.urls;
    this.#pace = new Pace(options.now, options.frameRate);
    this.#running = this.#run();
  }

  get receivedBytes(): number {
    return this.#receivedBytes + (this.#media?.demuxer.receivedBytes ?? 0);
  }

  /** How much later than its picture its sound is placed, where their timestamps are too far apart to go by. */
  get skewMs(): number {
    return this.#clock?.skewMs ?? 0;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#closing.abort();
    this.#media?.interrupt();
    this.#retry.end();
    await this.#running;
    this.#upright.free();
  }

  async #run(): Promise<void> {
    const { kind } = this.#o;
    if (kind === "media") await this.#readLists();
    for (let index = 0; !this.#isClosed; index = (index + 1) % this.#urls.length) {
      this.#retry.begin();
      this.#index = index;
      const fault = await this.#play(this.#next ?? this.#opened(index));
      if (this.#isClosed) break;
      if (fault === null && kind === "media") {
        if (this.#goesOn) continue;
        this.#listener.onEnded();
        break;
      }
      this.#listener.onFault(fault ?? ended);
      this.#listener.onInterrupted();
      this.#pace = new Pace(this.#o.now, this.#o.frameRate);
      await this.#dropNext();
      await this.#retry.wait();
    }
    await this.#dropNext();
  }

  /** What they name takes the place of lists, once these can be read. */
  async #readLists(): Promise<void> {
    while (!this.#isClosed) {
      this.#retry.begin();
      const urls = await withoutLists(this.#urls, this.#o.addresses, this.#closing.signal);
      if (!("code" in urls)) {
        this.#urls = urls;
        return;
      }
      if (this.#isClosed) return;
      this.#listener.onFault(urls);
      await this.#retry.wait();
    }
  }

  /** Something is played after what is played now, were that a clip. */
  get #goesOn(): boolean {
    return this.#index < this.#urls.length - 1 || this.#o.loops();
  }

  #opened(index: number): OpenedMedia {
    const { kind, addresses } = this.#o;
    return new OpenedMedia(this.#urls[index % this.#urls.length] ?? "", kind, addresses);
  }

  /** Of a playlist the next is opened while this one is still seen, so that nobody waits for it. */
  #openNext(): void {
    if (this.#isClosed || this.#urls.length === 1 || !this.#goesOn) return;
    this.#next ??= this.#opened(this.#index + 1);
  }

  async #dropNext(): Promise<void> {
    const next = this.#next;
    this.#next = null;
    await next?.close();
  }

  /** Null: it was played to its end. */
  async #play(media: OpenedMedia): Promise<SourceFault | null> {
    this.#next = null;
    this.#media = media;
    const { demuxer } = media;
    try {
      if (this.#isClosed) return null;
      const fault = await media.opened;
      if (fault !== null) return fault;
      media.heard();
      this.#listener.onFormats(demuxer.video, demuxer.audio);
      this.#undecoded = 0;
      this.#decodedAt = performance.now();
      if (media.isLive) await this.#follow(demuxer);
      else await this.#repeat(demuxer);
      return null;
    } catch (error) {
      return media.faultOf(error);
    } finally {
      this.#receivedBytes += demuxer.receivedBytes;
      this.#media = null;
      this.#clock = null;
      await media.close();
    }
  }

  /** What comes at its own pace is placed by when it comes. */
  async #follow(demuxer: Demuxer): Promise<void> {
    const clock = new SourceClock();
    this.#clock = clock;
    let { anchors } = clock;
    for await (const item of this.#read(demuxer)) {
      if (item.kind === "packet") {
        this.#notePacket(item);
        clock.note(item.ms, this.#o.now(), item.video ? "video" : "audio");
        if (clock.anchors !== anchors) this.#listener.onInterrupted();
        anchors = clock.anchors;
      } else this.#give(item, clock.place(item.ms, item.kind === "picture" ? "video" : "audio"));
    }
  }

  /** What waits for us is read as it is due; a clip of its own begins again at its end. */
  async #repeat(demuxer: Demuxer): Promise<void> {
    const { kind, loops } = this.#o;
    const urls = this.#urls;
    do {
      const { pictures, lengthMs } = await this.#pass(demuxer);
      if (this.#isClosed || kind === "pull") return;
      if (demuxer.isImage && pictures > 0) {
        this.#openNext();
        await this.#sleep(urls.length === 1 ? 2 ** 31 - 1 : stillMs);
        return;
      }
      if (lengthMs === 0) throw new Undecodable();
      this.#pace.next(lengthMs, pictures > 0);
    } while (urls.length === 1 && loops() && (await demuxer.rewind()));
  }

  async #pass(demuxer: Demuxer): Promise<{ readonly pictures: number; readonly lengthMs: number }> {
    let pictures = 0;
    let pictureEnd = 0;
    let soundEnd = 0;
    for await (const item of this.#read(demuxer)) {
      if (item.kind === "packet") {
        this.#notePacket(item);
        // How long it is is not always known.
        if (item.ms > (demuxer.durationMs ?? 0) - openAheadMs) this.#openNext();
        continue;
      }
      const { dueMs, isJump } = this.#pace.place(item.ms, this.#o.kind === "pull");
      if (isJump) this.#listener.onInterrupted();
      const waitMs = this.#pace.waitMs(dueMs, item.kind === "picture");
      if (waitMs > 0 && !this.#isClosed) await this.#sleep(waitMs);
      if (item.kind === "picture") {
        pictures += 1;
        pictureEnd = Math.max(pictureEnd, item.ms + item.durationMs);
      } else soundEnd = Math.max(soundEnd, item.ms + item.left.length / 48);
      const isHeld = item.kind === "picture" && (demuxer.isCover || demuxer.isImage);
      this.#give(item, dueMs, isHeld);
      if (this.#isClosed) break;
    }
    if (demuxer.isCover || demuxer.isImage) pictureEnd = 0;
    // Sound is padded to whole packets: the pictures say where the end is.
    const isPadding = pictures > 1 && Math.abs(soundEnd - pictureEnd) < 200;
    return {
      pictures: demuxer.isCover ? 0 : pictures,
      lengthMs: isPadding ? pictureEnd : Math.max(pictureEnd, soundEnd),
    };
  }

  /** Its pictures as they are to be looked at. */
  async *#read(demuxer: Demuxer): AsyncGenerator<Demuxed> {
    let { video } = demuxer;
    for await (const item of demuxer.read()) {
      if (item.kind !== "picture") {
        yield item;
        continue;
      }
      const picture = await this.#upright.turn(item.picture);
      const { width, height } = picture;
      if (video !== null && picture !== item.picture && (video.width !== width || video.height !== height)) {
        video = { ...video, width, height };
        this.#listener.onFormats(video, demuxer.audio);
      }
      yield { ...item, picture };
    }
  }

  #give(item: Exclude<Demuxed, { kind: "packet" }>, dueMs: number, isHeld = false): void {
    this.#retry.succeeded();
    if (item.kind === "picture") {
      this.#undecoded = 0;
      this.#decodedAt = performance.now();
      if (this.#isClosed) item.picture.release();
      else this.#listener.onPicture(item.picture, dueMs, isHeld ? Infinity : dueMs + item.durationMs);
    } else if (!this.#isClosed) this.#listener.onSamples(item, dueMs);
  }

  async #sleep(ms: number): Promise<void> {
    this.#media?.rest();
    await this.#retry.sleep(ms);
    this.#media?.heard();
  }

  #notePacket({ video }: Extract<Demuxed, { kind: "packet" }>): void {
    this.#media?.heard();
    if (!video) return;
    this.#undecoded += 1;
    if (this.#undecoded > hopelessPackets && performance.now() - this.#decodedAt > hopelessMs) throw new Undecodable();
  }
}

import { AV_PIX_FMT_YUV420P, AV_PKT_DATA_NEW_EXTRADATA, AV_PKT_FLAG_DISCARD } from "node-av/constants";
import type { Packet } from "node-av/lib";
import { CopiedFile, NotCopyable, noTime } from "./copied-file.ts";
import type { Demuxed, Demuxer } from "./demuxer.ts";
import { RenditionSound } from "./rendition-sound.ts";
import type { SharedFrame } from "./shared-frame.ts";
import { readAudioTag } from "../rtmp/media-tag.ts";
import type { MediaMessage } from "../rtmp/message.ts";

/**
 * A rendition of a clip whose picture is good as it is: its packets in an MP4.
 * They are decoded all the same, and where what comes of them is not what the
 * container told, or MP4 cannot say when they are to be seen, it throws
 * NotCopyable.
 */
export class CopiedRendition {
  readonly #file: CopiedFile;
  readonly #sound: RenditionSound | null;
  readonly #demuxer: Demuxer;
  readonly #mostFrames: number;
  /** Of the first keyframe: what comes later and is shown earlier lacks what it is made of. */
  #firstPts: bigint | null = null;
  #size: { readonly width: number; readonly height: number } | null = null;
  #pictures = 0;
  #endMs = 0;

  private constructor(file: CopiedFile, sound: RenditionSound | null, demuxer: Demuxer, mostFrames: number) {
    this.#file = file;
    this.#sound = sound;
    this.#demuxer = demuxer;
    this.#mostFrames = mostFrames;
  }

  /** `copiesSound`: it is good, too; else it is encoded. `mostFrames`: a second. Throws NotCopyable. */
  static async create(
    path: string,
    demuxer: Demuxer,
    { copiesSound, mostFrames }: { readonly copiesSound: boolean; readonly mostFrames: number },
  ): Promise<CopiedRendition> {
    const { streams, startMs } = demuxer;
    const { picture, sound: from } = streams;
    if (picture === null || picture.codecpar.extradataSize === 0)
      throw new NotCopyable("its picture has no configuration");
    const encoded = from === null || copiesSound ? null : await RenditionSound.open();
    try {
      const header = encoded?.header ?? null;
      const sound = header !== null ? { header } : from !== null && copiesSound ? { from } : null;
      const file = await CopiedFile.create(path, { picture, sound, startMs });
      return new CopiedRendition(file, encoded, demuxer, mostFrames);
    } catch (error) {
      encoded?.free();
      throw error;
    }
  }

  async take(item: Demuxed): Promise<void> {
    if (item.kind === "packet" && item.video) this.#copy(item.packet);
    else if (item.kind === "packet") this.#copySound(item.packet, item.ms);
    else if (item.kind === "picture") this.#look(item.picture, item.ms + item.durationMs);
    else if (this.#sound !== null) this.#write(await this.#sound.add(item));
  }

  async finish(): Promise<void> {
    this.#checkTimes();
    if (this.#pictures > (this.#endMs / 1_000) * this.#mostFrames + 1)
      throw new NotCopyable("it has more pictures a second than it says");
    if (this.#sound !== null) this.#write(await this.#sound.finish());
    await this.#file.finish();
  }

  async close(): Promise<void> {
    this.#sound?.free();
    await this.#file.close();
  }

  /** What came without a time is in no copy. */
  #checkTimes(): void {
    if (this.#demuxer.isUntimed) throw new NotCopyable("not all of its pictures have a time");
  }

  #copy(packet: Packet): void {
    this.#checkTimes();
    if (packet.pts <= noTime) throw new NotCopyable("it is not told when its pictures are to be seen");
    if (packet.hasFlags(AV_PKT_FLAG_DISCARD)) throw new NotCopyable("a part of it is cut out by an edit list");
    if (packet.getSideData(AV_PKT_DATA_NEW_EXTRADATA) !== null) throw new NotCopyable("its configuration changes");
    // As decoding does.
    if (this.#firstPts === null && !packet.isKeyframe) return;
    this.#firstPts ??= packet.pts;
    if (packet.pts >= this.#firstPts) this.#file.picture(packet);
  }

  #copySound(packet: Packet, ms: number): void {
    // The encoder's own comes before; clocks are rounded.
    if (this.#sound === null && ms > -1) this.#file.sound(packet, ms);
  }

  #look({ frame, width, height }: SharedFrame, endMs: number): void {
    this.#size ??= { width, height };
    if (width !== this.#size.width || height !== this.#size.height) throw new NotCopyable("its size changes");
    if (frame.format !== AV_PIX_FMT_YUV420P) throw new NotCopyable("its colours are stored otherwise");
    this.#pictures += 1;
    this.#endMs = Math.max(this.#endMs, endMs);
  }

  #write(messages: readonly MediaMessage[]): void {
    for (const { payload, timestamp, configuration } of messages)
      if (!configuration) this.#file.sound(payload.subarray(readAudioTag(payload).bodyAt), timestamp);
  }
}

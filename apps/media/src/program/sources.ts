import type { MediaMessage } from "../rtmp/message.ts";
import type { SharedFrame } from "../ffmpeg/shared-frame.ts";
import type { Stereo } from "./audio/pcm.ts";
import { Addresses } from "./opened/addresses.ts";
import { OpenedInput } from "./opened/opened-input.ts";
import { RtmpPull } from "./opened/rtmp-pull.ts";
import type { ProgramInput } from "./program-input.ts";
import { isLayerClip } from "./protocol.ts";
import type { ProgramSource } from "./protocol.ts";
import type { SceneSource } from "./scene/layout.ts";
import { SourceInput } from "./source-input.ts";
import type { SourceInputListener } from "./source-input.ts";

export type SourcesListener = {
  readonly onAudio: (sourceId: string, message: MediaMessage, atMs: number) => void;
  /** Sound that is decoded already, 48 kHz. */
  readonly onSamples: (sourceId: string, block: Stereo, atMs: number) => void;
  readonly onInterrupted: (sourceId: string) => void;
  readonly onRemoved: (sourceId: string) => void;
};

/** Longer than any transition, ms. */
const lingerMs = 12_000;

/** A program's sources, each played for as long as it is in the program. */
export class Sources {
  readonly #now: () => number;
  readonly #listener: SourcesListener;
  readonly #frameRate: number;
  readonly #addresses = new Addresses();
  #inputs = new Map<string, ProgramInput>();
  readonly #closing = new Set<Promise<void>>();
  /** Layers' clips that no scene names any more, and until when they go on. */
  readonly #leaving = new Map<string, number>();

  /** `now`: the engine's clock, ms. `frameRate`: the program's. */
  constructor(now: () => number, frameRate: number, listener: SourcesListener) {
    this.#frameRate = frameRate;
    this.#now = now;
    this.#listener = listener;
  }

  get inputs(): readonly ProgramInput[] {
    return [...this.#inputs.values()];
  }

  get(sourceId: string): ProgramInput | undefined {
    return this.#inputs.get(sourceId);
  }

  /** In the order of the list, which is that of the automatic scene. */
  update(specs: readonly ProgramSource[], allowedNetworks: readonly string[]): void {
    this.#addresses.allowedNetworks = allowedNetworks;
    this.#addresses.files = new Set(specs.flatMap(({ asset, url }) => (asset === undefined ? [] : (url ?? []))));
    const before = this.#inputs;
    this.#inputs = new Map();
    for (const spec of specs) {
      const known = before.get(spec.sourceId);
      before.delete(spec.sourceId);
      if (known !== undefined && this.#goesOn(known, spec)) {
        known.update(spec);
        this.#inputs.set(spec.sourceId, known);
        continue;
      }
      if (known !== undefined) {
        this.#close(known);
        this.#listener.onInterrupted(spec.sourceId);
      }
      this.#inputs.set(spec.sourceId, this.#open(spec));
    }
    for (const input of before.values()) {
      if (isLayerClip(input.sourceId)) this.#linger(input);
      else this.#remove(input);
    }
    for (const { sourceId } of specs) this.#leaving.delete(sourceId);
  }

  advance(now: number): void {
    for (const input of this.#inputs.values()) input.advance(now);
    for (const [sourceId, untilMs] of this.#leaving) {
      const input = this.#inputs.get(sourceId);
      if (now < untilMs || input === undefined) continue;
      this.#leaving.delete(sourceId);
      this.#inputs.delete(sourceId);
      this.#remove(input);
    }
  }

  /** As layouts want them. */
  scene(now: number): SceneSource[] {
    return this.inputs.map((input) => {
      const picture = input.lastPicture;
      return {
        sourceId: input.sourceId,
        width: picture === null ? 0 : Math.round(picture.width * picture.pixelAspect),
        height: picture?.height ?? 0,
        online: input.isOnline(now),
      };
    });
  }

  /** The pictures to show now, held for the caller until it releases them. */
  hold(now: number): HeldPictures {
    const held = new Map<string, SharedFrame>();
    for (const input of this.#inputs.values()) {
      const picture = input.picture(now);
      if (picture !== null) held.set(input.sourceId, picture.retain());
    }
    return new HeldPictures(held);
  }

  async close(): Promise<void> {
    for (const input of this.#inputs.values()) this.#close(input);
    this.#inputs.clear();
    await Promise.all(this.#closing);
    await this.#addresses.close();
  }

  /** The scene that showed it may still be fading out, or wait for the images of the next. */
  #linger(input: ProgramInput): void {
    this.#inputs.set(input.sourceId, input);
    if (!this.#leaving.has(input.sourceId)) this.#leaving.set(input.sourceId, this.#now() + lingerMs);
  }

  #remove(input: ProgramInput): void {
    this.#close(input);
    this.#listener.onRemoved(input.sourceId);
  }

  #close(input: ProgramInput): void {
    const closing = Promise.resolve(input.close()).finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  /** One protocol's input does not open another's. */
  #goesOn(known: ProgramInput, { kind, url }: ProgramSource): boolean {
    return kind === "ingest" || known instanceof SourceInput === (kind === "pull" && isRtmp(url));
  }

  #open(spec: ProgramSource): ProgramInput {
    const { sourceId, kind, url } = spec;
    const onInterrupted = (): void => this.#listener.onInterrupted(sourceId);
    const onAudio: SourceInputListener["onAudio"] = (message, atMs) => this.#listener.onAudio(sourceId, message, atMs);
    if (kind === "ingest") return new SourceInput(spec, this.#now, { onAudio, onInterrupted });
    if (kind === "pull" && isRtmp(url))
      return new SourceInput(
        spec,
        this.#now,
        { onAudio, onInterrupted },
        (pulled, reader) => new RtmpPull(pulled, this.#addresses, reader),
      );
    return new OpenedInput(spec, {
      now: this.#now,
      frameRate: this.#frameRate,
      addresses: this.#addresses,
      onSamples: (block, atMs) => this.#listener.onSamples(sourceId, block, atMs),
      onInterrupted,
    });
  }
}

function isRtmp(url: string | null): boolean {
  return url !== null && /^rtmps?:/iu.test(url);
}

/** Pictures of one moment, by source. */
export class HeldPictures {
  readonly #pictures: ReadonlyMap<string, SharedFrame>;

  constructor(pictures: ReadonlyMap<string, SharedFrame>) {
    this.#pictures = pictures;
  }

  readonly of = (sourceId: string): SharedFrame | null => this.#pictures.get(sourceId) ?? null;

  release(): void {
    for (const picture of this.#pictures.values()) picture.release();
  }
}

import type { MediaMessage } from "../rtmp/message.ts";
import type { SharedFrame } from "../ffmpeg/shared-frame.ts";
import type { ProgramSource } from "./protocol.ts";
import type { SceneSource } from "./scene/layout.ts";
import { SourceInput } from "./source-input.ts";

export type SourcesListener = {
  readonly onAudio: (sourceId: string, message: MediaMessage, atMs: number) => void;
  readonly onInterrupted: (sourceId: string) => void;
  readonly onRemoved: (sourceId: string) => void;
};

/** A program's sources, each played for as long as it is in the program. */
export class Sources {
  readonly #now: () => number;
  readonly #listener: SourcesListener;
  #inputs = new Map<string, SourceInput>();

  constructor(now: () => number, listener: SourcesListener) {
    this.#now = now;
    this.#listener = listener;
  }

  get inputs(): readonly SourceInput[] {
    return [...this.#inputs.values()];
  }

  get(sourceId: string): SourceInput | undefined {
    return this.#inputs.get(sourceId);
  }

  /** In the order of the list, which is that of the automatic scene. */
  update(specs: readonly ProgramSource[]): void {
    const before = this.#inputs;
    this.#inputs = new Map();
    for (const spec of specs) {
      const known = before.get(spec.sourceId);
      known?.update(spec);
      this.#inputs.set(spec.sourceId, known ?? this.#open(spec));
      before.delete(spec.sourceId);
    }
    for (const input of before.values()) {
      input.close();
      this.#listener.onRemoved(input.sourceId);
    }
  }

  advance(now: number): void {
    for (const input of this.#inputs.values()) input.advance(now);
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

  close(): void {
    for (const input of this.#inputs.values()) input.close();
    this.#inputs.clear();
  }

  #open(spec: ProgramSource): SourceInput {
    return new SourceInput(spec, this.#now, {
      onAudio: (message, atMs) => this.#listener.onAudio(spec.sourceId, message, atMs),
      onInterrupted: () => this.#listener.onInterrupted(spec.sourceId),
    });
  }
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

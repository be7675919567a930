import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { Scene, Taken } from "@trax/contract";
import type { Ingest, StudioCreate } from "@trax/contract";
import { startCountedPublisher } from "@trax/peers";
import type { CountedOptions, FfmpegPublisher, NginxRtmp } from "@trax/peers";
import { sharedInstance } from "../instance.ts";
import type { Instance } from "../instance.ts";
import { eventually } from "./eventually.ts";
import { newKey, untilEnded } from "./nginx-view.ts";
import { owned } from "./owned.ts";
import { publishUrl } from "./publishing.ts";
import type { IngestName } from "./publishing.ts";
import { granted, openShow } from "./show.ts";
import type { Show } from "./show.ts";

/** A source of a composed show that says in every frame who it is. */
export type Camera = {
  readonly sourceId: string;
  readonly ingest: Ingest;
  /** The one that publishes now. */
  readonly publisher: () => FfmpegPublisher;
  /** Publishes, and waits until the source is online. It was not publishing, or not any more. */
  readonly publish: () => Promise<FfmpegPublisher>;
};

/** A studio that composes small pictures, with one destination at nginx that records what it gets. */
export type ComposedShow = {
  readonly show: Show;
  readonly destinationId: string;
  readonly key: string;
  /** A new source, without a publisher yet. */
  readonly addCamera: (options: CountedOptions, protocol?: IngestName) => Promise<Camera>;
  /** The same, published and online. */
  readonly camera: (options: CountedOptions, protocol?: IngestName) => Promise<Camera>;
  /** A new scene; answers its id. */
  readonly scene: (content: object) => Promise<string>;
  /** What the program begins with; not on air yet. */
  readonly beginWith: (sceneId: string) => Promise<void>;
  /** Puts it on the program; answers when its first frame left the encoder, ms since the epoch. */
  readonly take: (sceneId: string | null, fadeMs?: number) => Promise<number>;
  /** On air: the destination takes it. */
  readonly goLive: () => Promise<void>;
  /** Off air. The destination saw one connection and no error; answers what it recorded. */
  readonly finish: () => Promise<string>;
};

export const canvas = { width: 320, height: 180, frameRate: 30 };

export async function openComposedShow(
  context: TestContext,
  nginx: NginxRtmp,
  settings: Partial<StudioCreate> = {},
  instance?: Instance,
): Promise<ComposedShow> {
  const program = { mode: "composed", ...canvas, videoBitrate: 1_000_000, ...settings.program } as const;
  const show = await openShow(context, instance ?? (await sharedInstance()), { ...settings, program });
  const key = newKey();
  const { id: destinationId } = await show.addDestination({ name: "nginx", url: nginx.liveUrl, streamKey: key });
  const addCamera: ComposedShow["addCamera"] = async (options, protocol = "rtmp") => {
    const { id: sourceId, session } = await show.addSource({ name: `Camera ${options.source}` });
    const url = publishUrl(session.ingest, protocol);
    let current: FfmpegPublisher | null = null;
    return {
      sourceId,
      ingest: session.ingest,
      publisher: () => {
        assert.ok(current !== null, "it publishes");
        return current;
      },
      publish: async () => {
        current = owned(context, await startCountedPublisher(url, options));
        await show.untilOnline(sourceId);
        return current;
      },
    };
  };
  return {
    show,
    destinationId,
    key,
    addCamera,
    camera: async (options, protocol) => {
      const camera = await addCamera(options, protocol);
      await camera.publish();
      return camera;
    },
    scene: async (content) =>
      Scene.parse(granted(await show.ask("POST", "/scenes", { name: "Scene", ...content }), 201)).id,
    beginWith: async (sceneId) => {
      granted(await show.ask("POST", "/program/take", { sceneId }));
    },
    take: async (sceneId, fadeMs) => {
      const how = fadeMs === undefined ? { transition: "cut" } : { transition: "fade", durationMs: fadeMs };
      const taken = Taken.parse(granted(await show.ask("POST", "/program/take", { sceneId, ...how })));
      assert.equal(taken.sceneId, sceneId);
      assert.ok(taken.at !== null, "it is on the program");
      return Date.parse(taken.at);
    },
    goLive: async () => {
      await show.goLive();
      await show.untilLive(destinationId);
    },
    finish: async () => {
      const told = await show.untilDestination(destinationId, "it is live", ({ status }) => status === "live");
      assert.deepEqual([told.reconnects, told.droppedFrames, told.lastError], [0, 0, null]);
      await show.goOffline();
      await show.untilOffline();
      await untilEnded(nginx, key);
      const files = await eventually(
        "nginx has recorded",
        () => nginx.recordings(key),
        ({ length }) => length > 0,
      );
      assert.equal(files.length, 1, "one connection");
      return files[0] ?? "";
    },
  };
}

/** Waits until so many frames more were published: time as the show has it. */
export async function forFrames(camera: Camera, frames: number): Promise<void> {
  const publisher = camera.publisher();
  await publisher.waitForFrames(publisher.frames() + frames, 60_000);
}

/** A box of a free layer with a source in it. */
export function sourceLayer(sourceId: string, box: object = {}): object {
  return { type: "source", sourceId, ...box };
}

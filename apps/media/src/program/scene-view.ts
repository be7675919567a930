import type { SceneContent } from "@trax/media-protocol";
import type { DrawItem } from "./draw.ts";
import type { Graphics } from "./graphics/graphics.ts";
import { layoutScene, shownSources } from "./scene/layout.ts";
import type { CanvasSize, SceneLayout, SceneSource } from "./scene/layout.ts";
import { decideSlate } from "./slate-decision.ts";

/** What a view shows at one frame. */
export type Sight = {
  readonly items: readonly DrawItem[];
  readonly onSlate: boolean;
  /** Sources that are meant to be seen: with audio that follows video, they are heard. */
  readonly shown: readonly string[];
};

/** One scene as it looks on a canvas from frame to frame, with what stands in for it when it is gone. */
export class SceneView {
  readonly content: SceneContent | null;
  readonly #canvas: CanvasSize;
  readonly #graphics: Graphics;
  #layout: { readonly of: string; readonly layout: SceneLayout } | null = null;

  /** A null content is the automatic scene. */
  constructor(content: SceneContent | null, canvas: CanvasSize, graphics: Graphics) {
    this.content = content;
    this.#canvas = canvas;
    this.#graphics = graphics;
  }

  look(sources: readonly SceneSource[], fallbackSourceIds: readonly string[]): Sight {
    const shown = shownSources(this.content, sources);
    const decision = decideSlate({
      shown,
      hasOtherLayers: this.content !== null && this.content.preset === null && this.content.layers.length > 0,
      fallbackSourceIds,
      isOnline: (sourceId) => sources.some((source) => source.sourceId === sourceId && source.online),
    });
    switch (decision.show) {
      case "scene":
        return { items: this.#items(this.content, sources, "scene"), onSlate: false, shown };
      case "source": {
        const { sourceId } = decision;
        return { items: this.#items(solo(sourceId), sources, sourceId), onSlate: false, shown: [sourceId] };
      }
      case "slate":
        return { items: this.#graphics.slateItems(), onSlate: true, shown };
    }
  }

  /** A layout is made anew only when what it is made of changes: the graphics know it by its identity. */
  #items(content: SceneContent | null, sources: readonly SceneSource[], name: string): readonly DrawItem[] {
    const of = `${name} ${sources.map((each) => `${each.sourceId} ${each.width}x${each.height} ${each.online}`).join()}`;
    if (this.#layout?.of !== of) this.#layout = { of, layout: layoutScene(content, this.#canvas, sources) };
    return this.#graphics.sceneItems(this.#layout.layout);
  }
}

function solo(sourceId: string): SceneContent {
  return { preset: "solo", slots: [{ sourceId }], layers: [], audio: [], audioFollowsVideo: true };
}

import type { Composition, CompositionCanvas } from "../ffmpeg/composition.ts";
import { Compositor } from "../ffmpeg/compositor.ts";
import type { SharedFrame } from "../ffmpeg/shared-frame.ts";
import type { DrawItem } from "./draw.ts";

type PictureOf = (sourceId: string) => SharedFrame | null;

/**
 * The sources whose pictures cannot be drawn where a composition has them: in a
 * format that FFmpeg does not scale, or of a shape that cannot be made to fit.
 * Each is tried by itself.
 */
export async function findUndrawable(
  composition: Composition,
  canvas: CompositionCanvas,
  pictureOf: PictureOf,
): Promise<ReadonlySet<string>> {
  const compositor = new Compositor(canvas);
  const found = new Set<string>();
  try {
    for (const [tick, item] of sourceItems(composition).entries()) {
      if (found.has(item.sourceId)) continue;
      try {
        (await compositor.compose({ items: [item], mixes: [], overlays: [] }, tick, pictureOf)).release();
      } catch {
        found.add(item.sourceId);
      }
    }
  } finally {
    compositor.close();
  }
  return found;
}

/** Whether any other source is to be seen. */
export function showsOthers(composition: Composition, left: ReadonlySet<string>, pictureOf: PictureOf): boolean {
  return sourceItems(composition).some(({ sourceId }) => !left.has(sourceId) && pictureOf(sourceId) !== null);
}

function sourceItems({ items, mixes }: Composition): Extract<DrawItem, { kind: "source" }>[] {
  return [items, ...mixes.map((mix) => mix.items)].flat().filter((item) => item.kind === "source");
}

export type SlateDecision =
  | { readonly show: "scene" }
  | { readonly show: "source"; readonly sourceId: string }
  | { readonly show: "slate" };

export type SlateQuestion = {
  /** The sources that the scene means to show; for the automatic one those that are online. */
  readonly shown: readonly string[];
  /** Without any source it shows something all the same: text, images, colours. */
  readonly hasOtherLayers: boolean;
  readonly fallbackSourceIds: readonly string[];
  readonly isOnline: (sourceId: string) => boolean;
};

/**
 * What stands in when everything that a scene shows is gone: the first fallback
 * that is online, else the slate. A scene that shows no source is never gone,
 * unless it has nothing else to show either.
 */
export function decideSlate(question: SlateQuestion): SlateDecision {
  const { shown, hasOtherLayers, fallbackSourceIds, isOnline } = question;
  if (shown.some(isOnline) || (shown.length === 0 && hasOtherLayers)) return { show: "scene" };
  const sourceId = fallbackSourceIds.find(isOnline);
  return sourceId === undefined ? { show: "slate" } : { show: "source", sourceId };
}

import { pathToFileURL } from "node:url";
import type {
  DesiredAsset,
  DesiredStudio,
  ProgramOverlay,
  SceneContent,
  SceneLayer,
  Slate,
} from "@trax/media-protocol";
import type { ProgramSlate, ProgramSource, SourceFault } from "../program/protocol.ts";

/** Where something of the media library is on this machine; null while it is not. */
export type AssetPath = (key: string) => string | null;

/**
 * What a program is told of the media library: in place of assets, files of
 * this machine. What is not ready, or not here yet, is left out until it is.
 */
export class ProgramAssets {
  readonly #assets: ReadonlyMap<string, DesiredAsset>;
  readonly #pathOf: AssetPath;
  /** Clips that layers and the slate show, by the asset's id. */
  readonly #clips = new Map<string, string>();

  constructor(studio: DesiredStudio, pathOf: AssetPath) {
    this.#assets = new Map(studio.assets.map((asset) => [asset.id, asset]));
    this.#pathOf = pathOf;
  }

  /** Of a source that plays an asset. */
  source(assetId: string): { readonly url: string | null; readonly fault: SourceFault | null } {
    const asset = this.#assets.get(assetId);
    const url = asset === undefined ? null : this.#urlOf(asset);
    return { url, fault: url === null ? faultOf(asset) : null };
  }

  scene(content: SceneContent): SceneContent {
    return { ...content, layers: content.layers.map((layer) => this.#layer(layer)) };
  }

  overlay(overlay: ProgramOverlay): ProgramOverlay {
    return { ...overlay, url: overlay.assetId === null ? dataUrl(overlay.url) : this.#imageUrl(overlay.assetId) };
  }

  slate(slate: Slate): ProgramSlate {
    if (slate.assetId === null) return slate;
    return { ...slate, url: this.#imageUrl(slate.assetId), sourceId: this.#clipId(slate.assetId) };
  }

  /** What plays those clips; to be asked last. */
  clipSources(): ProgramSource[] {
    return [...this.#clips].map(([sourceId, url]) => ({
      sourceId,
      revision: 1,
      kind: "media",
      url,
      asset: { fault: null },
      loop: true,
      silenceMs: 1_000,
    }));
  }

  #layer(layer: SceneLayer): SceneLayer {
    const { type, assetId } = layer;
    if (assetId === null) return { ...layer, url: dataUrl(layer.url) };
    if (type !== "image" && type !== "media") return { ...layer, url: null };
    const sourceId = layer.sourceId ?? (type === "media" ? this.#clipId(assetId) : null);
    return { ...layer, sourceId, url: this.#imageUrl(assetId) };
  }

  #imageUrl(assetId: string): string | null {
    const asset = this.#assets.get(assetId);
    return asset?.kind === "image" ? this.#urlOf(asset) : null;
  }

  #clipId(assetId: string): string | null {
    const asset = this.#assets.get(assetId);
    const url = asset === undefined || asset.kind === "image" ? null : this.#urlOf(asset);
    if (url === null) return null;
    this.#clips.set(assetId, url);
    return assetId;
  }

  #urlOf({ status, key }: DesiredAsset): string | null {
    const path = status === "ready" ? this.#pathOf(key) : null;
    return path === null ? null : pathToFileURL(path).href;
  }
}

/** What a user gave: a file of this machine is for us alone to name. */
function dataUrl(url: string | null): string | null {
  return url?.startsWith("data:") === true ? url : null;
}

function faultOf(asset: DesiredAsset | undefined): SourceFault {
  if (asset === undefined) return { code: "not_found", message: "Its asset is not in the media library any more." };
  switch (asset.status) {
    case "awaiting_upload":
      return { code: "not_found", message: "Its asset has not been uploaded yet." };
    case "processing":
      return { code: "not_found", message: "Its asset is still being processed." };
    case "failed":
      return { code: "unsupported_format", message: asset.failureReason ?? "Its asset cannot be used." };
    case "ready":
      return { code: "not_found", message: "Its asset is being fetched from storage." };
  }
}

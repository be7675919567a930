import { programPath, sourcePath, webrtcPath } from "@trax/media-protocol";
import type { DesiredBroadcast, DesiredSource, DesiredStudio } from "@trax/media-protocol";
import type { ProgramSource, ProgramSpec } from "../program/protocol.ts";
import { ProgramAssets } from "./program-assets.ts";
import type { AssetPath } from "./program-assets.ts";
import type { SourceView } from "./source-watch.ts";

/** What a program is needed for, each by itself. */
export type ProgramNeeds = {
  readonly program: boolean;
  /** As WebRTC carries it, which is made for those who watch so and for nobody else. */
  readonly rtc: boolean;
  readonly preview: boolean;
};

/** What this node knows beside the rows. */
export type ProgramView = {
  readonly nodeId: string;
  readonly online: ReadonlyMap<string, SourceView>;
  /** Broadcasts whose lease this node holds. */
  readonly owned: ReadonlySet<string>;
  /** Read at the router just now, whatever the rows say. */
  readonly watched: (studioId: string) => ProgramNeeds;
  /** Needed until a moment ago. */
  readonly lingering: (studioId: string) => ProgramNeeds;
  /** Where a worker plays a router path from, and where it publishes one to. */
  readonly playUrl: (path: string) => string;
  readonly publishUrl: (path: string) => string;
  readonly linkPath: (studioId: string) => string;
  readonly openUrl: (studio: DesiredStudio, source: DesiredSource) => string | null;
  readonly assetPath: AssetPath;
  readonly allowedNetworks: readonly string[];
};

export type ProgramPlan = {
  /** Null: no program is to run here. */
  readonly spec: ProgramSpec | null;
  /** Without what lingers. */
  readonly needs: ProgramNeeds;
};

const none: ProgramNeeds = { program: false, rtc: false, preview: false };

/** What a composed studio's program should be on this node. Pure: the same rows and view give the same plan. */
export function planProgram(studio: DesiredStudio, broadcast: DesiredBroadcast | null, view: ProgramView): ProgramPlan {
  if (studio.programMode !== "composed" || !isHere(studio, view)) return { spec: null, needs: none };
  const { studioId, program } = studio;
  // Who still reads it is told by its end.
  if (studio.broadcasts.length === 0 && program?.gaveWay === true) return { spec: null, needs: none };
  const scene = program?.scene ?? null;
  const watched = view.watched(studioId);
  const preview = watched.preview || (program?.previewWatched ?? false);
  const rtc = watched.rtc || (program?.watched ?? false);
  const needs = {
    program: broadcast !== null || preview || rtc || watched.program,
    rtc,
    preview,
  };
  const lingering = view.lingering(studioId);
  if (!needs.program && !lingering.program) return { spec: null, needs };
  const assets = new ProgramAssets(studio, view.assetPath);
  const next = program?.preview ?? null;
  // Before its clips are asked for.
  const shown = {
    scene: scene === null ? null : { sceneId: scene.id, content: assets.scene(scene.content) },
    overlays: (program?.overlays ?? []).map((overlay) => assets.overlay(overlay)),
    slate: assets.slate(studio.slate),
    preview:
      preview || lingering.preview
        ? {
            content: next === null ? null : assets.scene(next.content),
            rtc: view.publishUrl(webrtcPath("preview", studioId)),
          }
        : null,
  };
  const spec: ProgramSpec = {
    studioId,
    canvas: studio.canvas,
    ...shown,
    sources: [...studio.sources.map((source) => planSource(studio, source, assets, view)), ...assets.clipSources()],
    take: {
      number: program?.take ?? 0,
      transition: program?.transition ?? "cut",
      durationMs: program?.transitionMs ?? 0,
    },
    fallbackSourceIds: studio.fallbackSourceIds,
    linkPath: view.linkPath(studioId),
    publish: {
      program: view.publishUrl(programPath(studioId)),
      rtc: rtc || lingering.rtc ? view.publishUrl(webrtcPath("program", studioId)) : null,
    },
    meters: program?.meters ?? false,
    allowedNetworks: view.allowedNetworks,
    traceparent: broadcast?.traceparent ?? null,
  };
  return { spec, needs };
}

/** On air it runs where its lease is; only watched, where its sources are, or anywhere. */
function isHere(studio: DesiredStudio, view: ProgramView): boolean {
  if (studio.broadcasts.length > 0) return studio.broadcasts.every((one) => view.owned.has(one.id));
  const ingests = studio.sources.filter((source) => source.kind === "ingest");
  return (
    ingests.some((source) => view.online.has(source.id)) ||
    ingests.every((source) => source.nodeId === null || source.nodeId === view.nodeId)
  );
}

/** Of anything slower than every frame it cannot be told sooner that it is silent. */
const leastSilenceMs = 100;

function planSource(
  studio: DesiredStudio,
  source: DesiredSource,
  assets: ProgramAssets,
  view: ProgramView,
): ProgramSource {
  const { id: sourceId, revision, kind, loop, assetId } = source;
  const silenceMs = Math.max(leastSilenceMs, source.silenceMs);
  const common = { sourceId, revision, kind, loop, silenceMs };
  if (kind === "media" && assetId !== null) {
    const { url, fault } = assets.source(assetId);
    return { ...common, url, asset: { fault } };
  }
  const playUrl = view.online.has(sourceId) ? view.playUrl(sourcePath(sourceId)) : null;
  return { ...common, url: kind === "ingest" ? playUrl : view.openUrl(studio, source) };
}

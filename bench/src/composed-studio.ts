import { MediaSessionCreated, Scene, IngestCreated, Studio, Taken } from "@trax/contract";
import type { Ingest, Playback } from "@trax/contract";
import { waitFor } from "@trax/peers";
import type { ApiClient } from "./api-client.ts";
import type { Box, Canvas } from "./composition.ts";
import { LiveStudio } from "./live-studio.ts";
import type { Trax } from "./trax.ts";

export type ComposedSource = { readonly id: string; readonly ingest: Ingest };

/** A studio that composes. */
export class ComposedStudio extends LiveStudio {
  static async create(account: ApiClient, canvas: Canvas): Promise<ComposedStudio> {
    const body = { name: "Bench", program: { mode: "composed", ...canvas } };
    const { id } = Studio.parse(await account.ask("POST", "/v1/studios", body));
    return new ComposedStudio(account, id);
  }

  async addSource(name = "Camera"): Promise<ComposedSource> {
    const made = IngestCreated.parse(await this.account.ask("POST", `/v1/studios/${this.id}/sources`, { name }));
    if (made.session === null) throw new Error("a source that is published to has no session");
    return { id: made.id, ingest: made.session.ingest };
  }

  async untilOnline(sources: number, deadlineMs = 60_000): Promise<void> {
    await waitFor(
      `${sources} sources of ${this.id} are online`,
      async () => (await this.status()).sources.filter(({ status }) => status === "online").length >= sources,
      deadlineMs,
    );
  }

  /** A scene of these sources, each in its box, later ones in front; answers its id. */
  async scene(sources: readonly ComposedSource[], boxes: readonly Box[]): Promise<string> {
    const layers = boxes.map((box, z) => ({ type: "source", sourceId: sources[z]?.id, z, fit: "fill", ...box }));
    const body = { name: "Scene", layers, audioFollowsVideo: true };
    return Scene.parse(await this.account.ask("POST", `/v1/studios/${this.id}/scenes`, body)).id;
  }

  /** Puts it on the program; answers when its first frame left the encoder, ms since the epoch, or null where no program runs. */
  async take(sceneId: string, fadeMs = 0): Promise<number | null> {
    const how = fadeMs > 0 ? { transition: "fade", durationMs: fadeMs } : {};
    const answer = await this.account.ask("POST", `/v1/studios/${this.id}/program/take`, { sceneId, ...how });
    const { at } = Taken.parse(answer);
    return at === null ? null : Date.parse(at);
  }

  /** Asks for a picture of the program, which makes it run; answers the JPEG's size in bytes. */
  async snapshotSize(): Promise<number> {
    return this.account.download(`/v1/studios/${this.id}/program/snapshot`);
  }

  /** Leave to watch the program. */
  async playback(): Promise<Playback> {
    const made = await this.account.ask("POST", `/v1/studios/${this.id}/media-sessions`, { role: "play" });
    const { playback } = MediaSessionCreated.parse(made);
    if (playback === undefined) throw new Error("a play session says nowhere to play");
    return playback;
  }
}

/** The processes that work for a studio: who composes and encodes, and who sends. */
export async function workersOf(
  trax: Trax,
  studioId: string,
): Promise<{ readonly program: readonly number[]; readonly relay: readonly number[] }> {
  const processes = await trax.processes();
  const program = processes.filter((one) => one.name === "program" && one.studioId === studioId);
  const relay = processes.filter((one) => one.name === "relay" && one.studioIds?.includes(studioId) === true);
  if (program.length !== 1) throw new Error(`not exactly one program worker of ${studioId}`);
  return { program: program.map(({ pid }) => pid), relay: relay.map(({ pid }) => pid) };
}

import { Destination, SourceCreated, StreamStatus, Studio } from "@trax/contract";
import { waitFor } from "@trax/peers";
import type { ApiClient } from "./api-client.ts";
import type { Publisher } from "./publisher.ts";

/** A studio with one source, driven through the public API. */
export class BenchStudio {
  readonly #account: ApiClient;
  readonly id: string;
  readonly #sourceId: string;

  private constructor(account: ApiClient, id: string, sourceId: string) {
    this.#account = account;
    this.id = id;
    this.#sourceId = sourceId;
  }

  /** Makes the studio and its source and has the publisher publish to it; the source may not be online yet. */
  static async create(account: ApiClient, publisher: Publisher, rtmpUrl: string): Promise<BenchStudio> {
    const body = { name: "Bench", program: { mode: "passthrough" } };
    const { id } = Studio.parse(await account.ask("POST", "/v1/studios", body));
    const source = SourceCreated.parse(await account.ask("POST", `/v1/studios/${id}/sources`, { name: "Camera" }));
    await publisher.publish(rtmpUrl, source.session.ingest.rtmp.streamKey);
    return new BenchStudio(account, id, source.id);
  }

  async untilOnline(deadlineMs = 60_000): Promise<void> {
    await waitFor(
      `the source of ${this.id} is online`,
      async () =>
        (await this.status()).sources.some(
          ({ sourceId, status, lastFrameAt }) =>
            sourceId === this.#sourceId && status === "online" && lastFrameAt !== null,
        ),
      deadlineMs,
    );
  }

  async addDestination(url: string, streamKey: string): Promise<string> {
    const body = { name: "Out", url, streamKey };
    return Destination.parse(await this.#account.ask("POST", `/v1/studios/${this.id}/destinations`, body)).id;
  }

  async moveDestination(destinationId: string, url: string): Promise<void> {
    await this.#account.ask("PATCH", `/v1/studios/${this.id}/destinations/${destinationId}`, { url });
  }

  async enableDestination(destinationId: string, enabled: boolean): Promise<void> {
    await this.#account.ask("PATCH", `/v1/studios/${this.id}/destinations/${destinationId}`, { enabled });
  }

  async status(): Promise<StreamStatus> {
    return StreamStatus.parse(await this.#account.ask("GET", `/v1/studios/${this.id}/stream-status`));
  }

  async goLive(): Promise<void> {
    await this.#account.ask("POST", `/v1/studios/${this.id}/go-live`, {});
  }

  /** Resolves when so many destinations are live. */
  async untilLive(destinations: number, deadlineMs = 60_000): Promise<void> {
    await waitFor(
      `${destinations} destinations of ${this.id} are live`,
      async () => (await this.status()).destinations.filter(({ status }) => status === "live").length >= destinations,
      deadlineMs,
    );
  }

  async goOffline(): Promise<void> {
    await this.#account.ask("POST", `/v1/studios/${this.id}/go-offline`, {});
    await waitFor(`${this.id} is offline`, async () => (await this.status()).state === "offline", 60_000);
  }
}

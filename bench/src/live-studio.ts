import { Destination, StreamStatus } from "@trax/contract";
import { waitFor } from "@trax/peers";
import type { ApiClient } from "./api-client.ts";

/** A studio of either mode, on its way to its destinations, driven through the public API. */
export class LiveStudio {
  protected readonly account: ApiClient;
  readonly id: string;

  protected constructor(account: ApiClient, id: string) {
    this.account = account;
    this.id = id;
  }

  async addDestination(url: string, streamKey: string): Promise<string> {
    const body = { name: "Out", url, streamKey };
    return Destination.parse(await this.account.ask("POST", `/v1/studios/${this.id}/destinations`, body)).id;
  }

  async moveDestination(destinationId: string, url: string): Promise<void> {
    await this.account.ask("PATCH", `/v1/studios/${this.id}/destinations/${destinationId}`, { url });
  }

  async enableDestination(destinationId: string, enabled: boolean): Promise<void> {
    await this.account.ask("PATCH", `/v1/studios/${this.id}/destinations/${destinationId}`, { enabled });
  }

  async status(): Promise<StreamStatus> {
    return StreamStatus.parse(await this.account.ask("GET", `/v1/studios/${this.id}/stream-status`));
  }

  async goLive(): Promise<void> {
    await this.account.ask("POST", `/v1/studios/${this.id}/go-live`, {});
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
    await this.account.ask("POST", `/v1/studios/${this.id}/go-offline`, {});
    await waitFor(`${this.id} is offline`, async () => (await this.status()).state === "offline", 60_000);
  }
}

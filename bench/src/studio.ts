import { IngestCreated, Studio } from "@trax/contract";
import { waitFor } from "@trax/peers";
import type { ApiClient } from "./api-client.ts";
import { LiveStudio } from "./live-studio.ts";
import type { Publisher } from "./publisher.ts";

/** A passthrough studio with one source. */
export class BenchStudio extends LiveStudio {
  readonly #sourceId: string;

  private constructor(account: ApiClient, id: string, sourceId: string) {
    super(account, id);
    this.#sourceId = sourceId;
  }

  /** Makes the studio and its source and has the publisher publish to it; the source may not be online yet. */
  static async create(account: ApiClient, publisher: Publisher, rtmpUrl: string): Promise<BenchStudio> {
    const body = { name: "Bench", program: { mode: "passthrough" } };
    const { id } = Studio.parse(await account.ask("POST", "/v1/studios", body));
    const source = IngestCreated.parse(await account.ask("POST", `/v1/studios/${id}/sources`, { name: "Camera" }));
    if (source.session === null) throw new Error("a source that is published to has no session");
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
}

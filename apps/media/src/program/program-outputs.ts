import type { MediaMessage } from "../rtmp/message.ts";
import { Interleaver } from "./interleaver.ts";
import type { LinkServer } from "./link/server.ts";
import type { ProgramSpec } from "./protocol.ts";
import { RtspOutlet } from "./rtsp-outlet.ts";

/** Where a program's messages go: the link always, the router while it is wanted. */
export class ProgramOutputs {
  readonly #link: LinkServer;
  readonly #withAac = new Interleaver((message) => {
    this.#link.send(message);
    this.#program?.send(message);
  });
  readonly #withOpus = new Interleaver((message) => this.#rtc?.send(message));
  readonly #configurations: { video: MediaMessage | null; aac: MediaMessage | null; opus: MediaMessage | null } = {
    video: null,
    aac: null,
    opus: null,
  };
  #program: RtspOutlet | null = null;
  #rtc: RtspOutlet | null = null;

  constructor(link: LinkServer) {
    this.#link = link;
  }

  get opusConfiguration(): MediaMessage | null {
    return this.#configurations.opus;
  }

  publish(urls: ProgramSpec["publish"]): void {
    const { video, aac, opus } = this.#configurations;
    this.#program = directed(this.#program, urls?.program ?? null, [video, aac]);
    this.#rtc = directed(this.#rtc, urls?.rtc ?? null, [video, opus]);
  }

  video(message: MediaMessage): void {
    if (message.configuration) this.#configurations.video = message;
    this.#withAac.video(message);
    this.#withOpus.video(message);
  }

  aac(message: MediaMessage): void {
    if (message.configuration) this.#configurations.aac = message;
    this.#withAac.audio(message);
  }

  opus(message: MediaMessage): void {
    if (message.configuration) this.#configurations.opus = message;
    this.#withOpus.audio(message);
  }

  async close(): Promise<void> {
    this.publish(null);
    await this.#link.close();
  }
}

/** The outlet of that address: this one, or another in its place. */
function directed(
  outlet: RtspOutlet | null,
  url: string | null,
  configurations: readonly (MediaMessage | null)[],
): RtspOutlet | null {
  if (outlet?.url === url) return outlet;
  outlet?.close();
  if (url === null) return null;
  const known = configurations.filter((message) => message !== null);
  return new RtspOutlet(url, known);
}

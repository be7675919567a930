import type { MediaMessage } from "../rtmp/message.ts";
import { Interleaver } from "./interleaver.ts";
import type { LinkServer } from "./link/server.ts";
import { RtspOutlet } from "./rtsp-outlet.ts";

type Outlets = { readonly program: RtspOutlet; readonly rtc: RtspOutlet };

/** Where a program's messages go: the link always, the router while it is wanted. */
export class ProgramOutputs {
  readonly #link: LinkServer;
  readonly #withAac = new Interleaver((message) => {
    this.#link.send(message);
    this.#outlets?.program.send(message);
  });
  readonly #withOpus = new Interleaver((message) => this.#outlets?.rtc.send(message));
  readonly #configurations: { video: MediaMessage | null; aac: MediaMessage | null; opus: MediaMessage | null } = {
    video: null,
    aac: null,
    opus: null,
  };
  #outlets: Outlets | null = null;

  constructor(link: LinkServer) {
    this.#link = link;
  }

  get opusConfiguration(): MediaMessage | null {
    return this.#configurations.opus;
  }

  publish(urls: { readonly program: string; readonly rtc: string } | null): void {
    if (urls?.program === this.#outlets?.program.url && urls?.rtc === this.#outlets?.rtc.url) return;
    this.#outlets?.program.close();
    this.#outlets?.rtc.close();
    const { video, aac, opus } = this.#configurations;
    this.#outlets = urls && {
      program: new RtspOutlet(urls.program, present([video, aac])),
      rtc: new RtspOutlet(urls.rtc, present([video, opus])),
    };
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

function present(messages: readonly (MediaMessage | null)[]): MediaMessage[] {
  return messages.filter((message) => message !== null);
}

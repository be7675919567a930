import type { MediaMessage } from "../rtmp/message.ts";
export class AudioTranscoder {
  constructor(_listener: { onMessage: (message: MediaMessage) => void; onError: (error: unknown) => void }) {}
  push(_message: MediaMessage): void {}
  close(): void {}
}

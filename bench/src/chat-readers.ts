import { once } from "node:events";
import type { z } from "zod";
import { ChatReadersReport } from "./chat-readers-protocol.ts";
import type { ChatReadersOrder } from "./chat-readers-protocol.ts";
import { forkProcess } from "./forked-process.ts";

export type ChatReaders = {
  readonly pid: number;
  /** What each has got, and how late it was where it was looked at. */
  readonly report: (kind: "count" | "reset") => Promise<ChatReadersReport>;
  readonly stop: () => Promise<void>;
};

/** So many streams of a studio's events; resolves once all are open. */
export async function openChatReaders(of: {
  readonly url: string;
  readonly key: string;
  readonly count: number;
  readonly sampled: number;
}): Promise<ChatReaders> {
  const forked = await forkProcess("./chat-readers-process.ts");
  const tell = async (kind: z.input<typeof ChatReadersOrder>["kind"]): Promise<unknown> => {
    const answered = once(forked.child, "message");
    forked.child.send({ kind, ...of });
    const [message]: unknown[] = await Promise.race([answered, once(forked.child, "exit")]);
    return message;
  };
  await tell("open");
  return {
    pid: forked.pid,
    report: async (kind) => ChatReadersReport.parse(await tell(kind)),
    stop: forked.stop,
  };
}

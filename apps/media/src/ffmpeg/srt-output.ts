import type { CloseReason } from "../rtmp/errors.ts";
import type { RelayDestination } from "../relay/protocol.ts";
import type { OpenOptions } from "../relay/open-sender.ts";
import type { Sender, SenderListener } from "../relay/sender.ts";
export async function openSrt(
  _d: RelayDestination,
  _o: OpenOptions,
  _l: SenderListener,
): Promise<Sender | CloseReason> {
  return { code: "protocol_error", message: "x" };
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSocketTable, socketKey } from "./kernel-queue.ts";

const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:C350 0100007F:078F 01 00012345:00000000 01:00000014 00000000     0        0 2 2 0 20 4 30 10 -1
   2: 00000000000000000000000001000000:C351 B80D0120000000000000000034120000:078F 01 00000010:00000000 01:00000014 00000000     0        0 3 2 0 20 4 30 10 -1
`;

test("a socket is found by its ports and the peer's address", () => {
  const four = socketKey({ localPort: 50_000, remotePort: 1935, remoteIp: "127.0.0.1" });
  const six = socketKey({ localPort: 50_001, remotePort: 1935, remoteIp: "2001:db8::1234" });
  const other = socketKey({ localPort: 50_000, remotePort: 1935, remoteIp: "127.0.0.2" });
  const queues = parseSocketTable(table, new Set([four, six, other]));
  assert.deepEqual(
    [...queues],
    [
      [four, 0x12345],
      [six, 0x10],
    ],
  );
});

test("a mapped IPv4 address is one of IPv6", () => {
  const key = socketKey({ localPort: 1, remotePort: 2, remoteIp: "::ffff:127.0.0.1" });
  assert.equal(key, "0001 0000000000000000FFFF00000100007F:0002");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { Failure } from "../failure.ts";
import { choosePorts, portNames, transports } from "./ports.ts";
import type { Ports } from "./ports.ts";
import { holdPort } from "./probe.ts";

const anyFree: Ports = {
  TRAX_HTTP_PORT: 0,
  TRAX_RTMP_PORT: 0,
  TRAX_RTMPS_PORT: 0,
  TRAX_SRT_PORT: 0,
  TRAX_WEBRTC_PORT: 0,
  TRAX_WEBRTC_UDP_PORT: 0,
  TRAX_HLS_PORT: 0,
  TRAX_MOQ_PORT: 0,
  TRAX_OPERATOR_PORT: 0,
};

/** Free for TCP and UDP, and not of those that the system may give to an outgoing connection meanwhile. */
async function freePort(): Promise<number> {
  return (await choosePorts(anyFree, "127.0.0.1")).TRAX_HTTP_PORT;
}

test("0 is any free port, and none is given twice", async () => {
  const ports = Object.values(await choosePorts(anyFree, "0.0.0.0"));
  assert.ok(ports.every((port) => port > 0));
  const { TRAX_HTTP_PORT, TRAX_RTMP_PORT, TRAX_OPERATOR_PORT } = await choosePorts(anyFree, "127.0.0.1");
  assert.equal(new Set([TRAX_HTTP_PORT, TRAX_RTMP_PORT, TRAX_OPERATOR_PORT]).size, 3);
});

for (const name of portNames)
  test(`a taken port is an error that names ${name}`, async () => {
    const held = await holdPort(transports[name], "127.0.0.1", 0);
    try {
      await assert.rejects(choosePorts({ ...anyFree, [name]: held.port }, "127.0.0.1"), (error) => {
        assert.ok(error instanceof Failure);
        assert.match(error.message, new RegExp(`^${name}: (TCP|UDP) port ${held.port} is taken`));
        assert.match(error.hint ?? "", new RegExp(`Set ${name} to another port`));
        return true;
      });
    } finally {
      await held.release();
    }
  });

test("a port taken by UDP is free for TCP", async () => {
  const held = await holdPort("udp", "127.0.0.1", await freePort());
  try {
    const ports = await choosePorts({ ...anyFree, TRAX_HTTP_PORT: held.port }, "127.0.0.1");
    assert.equal(ports.TRAX_HTTP_PORT, held.port);
  } finally {
    await held.release();
  }
});

test("one port asked for twice is an error that names both", async () => {
  const port = await freePort();
  await assert.rejects(
    choosePorts({ ...anyFree, TRAX_HTTP_PORT: port, TRAX_RTMP_PORT: port }, "127.0.0.1"),
    /TRAX_RTMP_PORT and TRAX_HTTP_PORT both ask for TCP port/,
  );
});

test("an address that this machine does not have is an error that names TRAX_HOST", async () => {
  await assert.rejects(choosePorts({ ...anyFree, TRAX_HTTP_PORT: 18_080 }, "192.0.2.1"), /TRAX_HOST/);
});

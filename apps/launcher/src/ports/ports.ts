import { randomInt } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Failure, isErrno, messageOf } from "../failure.ts";
import { holdPort } from "./probe.ts";
import type { HeldPort, Transport } from "./probe.ts";

/** Every port that is an operator's to choose, and what is spoken there. */
export const transports = {
  TRAX_HTTP_PORT: "tcp",
  TRAX_RTMP_PORT: "tcp",
  TRAX_RTMPS_PORT: "tcp",
  TRAX_SRT_PORT: "udp",
  TRAX_WEBRTC_PORT: "tcp",
  TRAX_WEBRTC_UDP_PORT: "udp",
  TRAX_HLS_PORT: "tcp",
  TRAX_MOQ_PORT: "udp",
  TRAX_OPERATOR_PORT: "tcp",
} as const satisfies Record<string, Transport>;

export type PortName = keyof typeof transports;
export type Ports = Readonly<Record<PortName, number>>;

export const portNames: readonly PortName[] = [
  "TRAX_HTTP_PORT",
  "TRAX_RTMP_PORT",
  "TRAX_RTMPS_PORT",
  "TRAX_SRT_PORT",
  "TRAX_WEBRTC_PORT",
  "TRAX_WEBRTC_UDP_PORT",
  "TRAX_HLS_PORT",
  "TRAX_MOQ_PORT",
  "TRAX_OPERATOR_PORT",
];

/** What only this machine speaks to: metrics, and WebRTC's signalling, which the API passes on. */
const onLoopback: ReadonlySet<PortName> = new Set(["TRAX_OPERATOR_PORT", "TRAX_WEBRTC_PORT"]);

/**
 * Turns what was asked for into ports that are free right now, 0 into any free
 * one. All are held until the last is found, so that none is given twice.
 * Throws a `Failure` that names the variable of a port that cannot be had.
 */
export async function choosePorts(wanted: Ports, host: string): Promise<Ports> {
  const held: HeldPort[] = [];
  const chosen: Record<PortName, number> = { ...wanted };
  try {
    const fixedFirst = portNames.toSorted((a, b) => Number(wanted[a] === 0) - Number(wanted[b] === 0));
    for (const name of fixedFirst) {
      const address = onLoopback.has(name) ? "127.0.0.1" : host;
      const twin = portNames.find(
        (other) => other !== name && transports[other] === transports[name] && wanted[other] === wanted[name],
      );
      const one = wanted[name] === 0 ? await anyFree(name, address) : await exactly(name, address, wanted[name], twin);
      held.push(one);
      chosen[name] = one.port;
    }
    return chosen;
  } finally {
    await Promise.all(held.map((one) => one.release()));
  }
}

async function exactly(name: PortName, host: string, port: number, twin: PortName | undefined): Promise<HeldPort> {
  const transport = transports[name];
  try {
    return await holdPort(transport, host, port);
  } catch (error) {
    throw portFailure(error, name, `${transport.toUpperCase()} port ${port}`, host, twin);
  }
}

function portFailure(error: unknown, name: PortName, what: string, host: string, twin: PortName | undefined): Failure {
  const elsewhere = `Set ${name} to another port, or to 0 for any free one`;
  if (isErrno(error, "EADDRINUSE") && twin !== undefined)
    return new Failure(`${name} and ${twin} both ask for ${what}`, elsewhere);
  if (isErrno(error, "EADDRINUSE")) return new Failure(`${name}: ${what} is taken by another process`, elsewhere);
  if (isErrno(error, "EACCES")) return new Failure(`${name}: this user may not use ${what}`, elsewhere);
  if (isErrno(error, "EADDRNOTAVAIL", "EINVAL", "ENOTFOUND"))
    return new Failure(`TRAX_HOST: this machine has no address ${host}`, "Leave TRAX_HOST unset for all addresses");
  return new Failure(`${name}: ${what} cannot be used: ${messageOf(error)}`, elsewhere, { cause: error });
}

const attempts = 200;

/**
 * A free port outside of the range the system gives to outgoing connections:
 * one of those could take it away while the process that serves it restarts.
 */
async function anyFree(name: PortName, host: string): Promise<HeldPort> {
  const end = await firstEphemeralPort();
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      return await holdPort(transports[name], host, randomInt(10_000, end));
    } catch (error) {
      if (!isErrno(error, "EADDRINUSE", "EACCES")) throw portFailure(error, name, "a free port", host, undefined);
    }
  }
  throw new Failure(`${name}: no free port was found`, `Set ${name} to a port that is free`);
}

async function firstEphemeralPort(): Promise<number> {
  const usual = 32_768;
  try {
    const low = Number((await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8")).split(/\s/)[0]);
    return low > 12_000 ? low : usual;
  } catch {
    return usual;
  }
}

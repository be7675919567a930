import { chmod, chown, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeTestCertificate } from "../certificate.ts";
import { type Child, startChild } from "../child.ts";
import { ensurePeer } from "../ensure.ts";
import { freePort, isListening } from "../ports.ts";
import { tempDirectory } from "../temp-directory.ts";
import { waitFor } from "../wait-for.ts";

export type Ngircd = {
  readonly process: Child;
  readonly port: number;
  readonly tlsPort: number;
  /** `irc://127.0.0.1:PORT`. */
  readonly url: string;
  /** `ircs://localhost:PORT`, with a certificate that only `caPath` (PEM) vouches for. */
  readonly tlsUrl: string;
  readonly caPath: string;
  /** Every connection is gone, and new ones are refused. */
  readonly goAway: () => Promise<void>;
  /** Back on the same ports, with nobody in any channel. */
  readonly comeBack: () => Promise<void>;
  /** Stalls: connections stay, and nothing comes or goes. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  readonly stop: () => Promise<void>;
};

export type NgircdOptions = {
  /** What every client must give as PASS; none unless set. */
  readonly password?: string;
  /** The longest nick it lets in; 30 unless set (RFC 1459 says 9). */
  readonly nickLength?: number;
  /** It asks those who were silent for this long whether they are there, s; 120 unless set. */
  readonly pingTimeout?: number;
};

/** An operator of every server here, for KILL and the like: `OPER op op-password`. */
export const ngircdOperator = { name: "op", password: "op-password" } as const;

/**
 * Starts Debian's ngIRCd, alone and on loopback. It is an old-fashioned server,
 * of IRCv3 it offers `multi-prefix` only: no message tags (a line that begins
 * with one is refused as an unknown command), no SASL, no echo, no history. It
 * closes the connection of who sends a line over 512 bytes.
 */
export async function startNgircd(options: NgircdOptions = {}): Promise<Ngircd> {
  await ensurePeer("ngircd");
  const directory = await tempDirectory("ngircd");
  const port = await freePort();
  const tlsPort = await freePort();
  const certificate = await writeTestCertificate(directory.path);
  const configuration = join(directory.path, "ngircd.conf");
  await writeFile(configuration, ngircdConfiguration({ ...options, port, tlsPort, ...certificate }));
  if (process.getuid?.() === 0) {
    // It becomes `nobody` before it reads the key.
    await chmod(directory.path, 0o755);
    await chown(certificate.keyPath, 65_534, 65_534);
  }

  const start = async (): Promise<Child> => {
    const child = await startChild("ngircd", ["--nodaemon", "--config", configuration], {
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` },
    });
    try {
      await waitFor("ngIRCd listens", async () => {
        if (child.hasExited()) throw new Error(`ngIRCd ended: ${child.output()}`);
        return (await isListening("tcp", port)) && (await isListening("tcp", tlsPort));
      });
    } catch (error) {
      await child.stop();
      throw error;
    }
    return child;
  };

  let running: Child;
  try {
    running = await start();
  } catch (error) {
    await directory.remove();
    throw error;
  }
  return {
    get process() {
      return running;
    },
    port,
    tlsPort,
    url: `irc://127.0.0.1:${port}`,
    tlsUrl: `ircs://localhost:${tlsPort}`,
    caPath: certificate.certPath,
    goAway: () => running.stop(),
    comeBack: async () => {
      running = await start();
    },
    freeze: () => running.signal("SIGSTOP"),
    thaw: () => running.signal("SIGCONT"),
    stop: async () => {
      await running.stop();
      await directory.remove();
    },
  };
}

type Configuration = NgircdOptions & {
  readonly port: number;
  readonly tlsPort: number;
  readonly certPath: string;
  readonly keyPath: string;
};

/** Asks nobody outside (DNS, ident, PAM), and neither slows down nor counts who comes from one address. */
function ngircdConfiguration(settings: Configuration): string {
  const { port, tlsPort, certPath, keyPath, password, nickLength = 30, pingTimeout = 120 } = settings;
  return `
[Global]
Name = irc.trax.test
Info = A server of tests
AdminInfo1 = tests
AdminEMail = admin@irc.trax.test
Listen = 127.0.0.1
Ports = ${port}
MotdPhrase = Welcome
${password === undefined ? "" : `Password = ${password}`}
[Limits]
MaxConnectionsIP = 0
MaxJoins = 0
MaxNickLength = ${nickLength}
MaxPenaltyTime = 0
PingTimeout = ${pingTimeout}
PongTimeout = ${pingTimeout}
[Options]
DNS = no
Ident = no
PAM = no
[SSL]
CertFile = ${certPath}
KeyFile = ${keyPath}
Ports = ${tlsPort}
[Operator]
Name = ${ngircdOperator.name}
Password = ${ngircdOperator.password}
`;
}

import { newId } from "@trax/foundation/ids";
import { Secret } from "@trax/foundation/secret";
import { ensureMediaMtx, freePort, freeUdpPort, tempDirectory } from "@trax/peers";
import type { AuthDecision, AuthRequest } from "./auth-callback.ts";
import { ensureCertificate } from "./certificate.ts";
import type { RouterAddresses } from "./config.ts";
import { Router, type RouterOptions } from "./router.ts";

/** For tests: a real router on free ports, that lets in who brings `goodToken`. */
export const goodToken = "a-good-token";

export type TestRouter = {
  readonly router: Router;
  readonly options: RouterOptions;
  /** Every question that `decide` was asked. */
  readonly asked: AuthRequest[];
  readonly sourceId: string;
  readonly path: string;
  readonly rtmpUrl: (token: string) => string;
  readonly rtmpsUrl: (token: string) => string;
  readonly srtUrl: (token: string) => string;
  /** What our own relay plays. */
  readonly internalRtmpUrl: string;
  readonly stop: () => Promise<void>;
};

export const testPassword = new Secret("the-agents-own-secret");

export async function testAddresses(directory: string): Promise<RouterAddresses> {
  return {
    rtmp: `127.0.0.1:${await freePort()}`,
    rtmps: { address: `127.0.0.1:${await freePort()}`, ...(await ensureCertificate(directory, [])) },
    srt: { address: `127.0.0.1:${await freeUdpPort()}`, passphrase: null },
    webrtc: {
      http: `127.0.0.1:${await freePort()}`,
      udp: `127.0.0.1:${await freeUdpPort()}`,
      additionalHosts: [],
      iceServers: [],
    },
    hls: `127.0.0.1:${await freePort()}`,
  };
}

export async function decideByToken(request: AuthRequest): Promise<AuthDecision> {
  return request.token?.reveal() === goodToken ? { allow: true } : { allow: false, reason: "wrong token" };
}

export async function startTestRouter(extra: Partial<RouterOptions> = {}): Promise<TestRouter> {
  const directory = await tempDirectory("router");
  const asked: AuthRequest[] = [];
  const addresses = extra.addresses ?? (await testAddresses(directory.path));
  const options: RouterOptions = {
    binary: (await ensureMediaMtx({ log: (line) => void process.stderr.write(`${line}\n`) })).path,
    dataDir: directory.path,
    addresses,
    internalPassword: testPassword,
    decide: (request) => {
      asked.push(request);
      return decideByToken(request);
    },
    ...extra,
  };
  const router = await Router.start(options).catch(async (error: unknown) => {
    await directory.remove();
    throw error;
  });
  const sourceId = newId("source");
  const path = `in/${sourceId}`;
  return {
    router,
    options,
    asked,
    sourceId,
    path,
    rtmpUrl: (token) => `rtmp://${addresses.rtmp}/${path}?token=${token}`,
    rtmpsUrl: (token) => `rtmps://${addresses.rtmps.address}/${path}?token=${token}`,
    srtUrl: (token) => `srt://${addresses.srt.address}?streamid=publish:${path}:session:${token}`,
    internalRtmpUrl: `rtmp://${addresses.rtmp}/${path}?user=internal&pass=${testPassword.reveal()}`,
    stop: async () => {
      await router.stop();
      await directory.remove();
    },
  };
}

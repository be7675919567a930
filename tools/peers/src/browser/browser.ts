import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { chromium, type Page } from "playwright-core";
import { countedPicture } from "../counted/picture.ts";
import { countedTone } from "../counted/tone.ts";
import { ensurePeer } from "../ensure.ts";
import { tempDirectory } from "../temp-directory.ts";
import { publishByWhip, type WhipOptions, type WhipPublisher } from "./whip.ts";
import { playByWhep, type WhepPlayer } from "./whep.ts";

export type Browser = {
  /** Publishes its camera and microphone to a WHIP address. */
  readonly whip: (url: string, bearer: string, options?: WhipOptions) => Promise<WhipPublisher>;
  /** Plays a WHEP address, and looks at every picture. */
  readonly whep: (url: string, bearer: string) => Promise<WhepPlayer>;
  /** A page of a secure context with the functions of page.html, for what the two do not do. */
  readonly page: () => Promise<Page>;
  readonly stop: () => Promise<void>;
};

export type BrowserOptions = {
  /** The camera shows this counted source, over and over, and the microphone hears its tone: 1 unless set. */
  readonly source?: number;
  /** `WIDTHxHEIGHT`, 320x180 unless set. */
  readonly size?: string;
  readonly frameRate?: number;
};

/** After so long the camera begins again with frame 0. */
const cameraSeconds = 20;

const run = promisify(execFile);

/** Starts a real Chromium without a window. Its camera and microphone are files. */
export async function startBrowser(options: BrowserOptions = {}): Promise<Browser> {
  await ensurePeer("ffmpeg");
  await ensurePeer("chromium");
  const directory = await tempDirectory("browser");
  const pages = await servePage();
  const end = async (): Promise<void> => {
    await pages.close();
    await directory.remove();
  };
  try {
    const [camera, microphone] = await fakeDevices(directory.path, options);
    const browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      headless: true,
      args: [
        "--no-sandbox",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        `--use-file-for-fake-video-capture=${camera}`,
        `--use-file-for-fake-audio-capture=${microphone}`,
        "--autoplay-policy=no-user-gesture-required",
        "--allow-loopback-in-peer-connection",
      ],
    });
    const page = async (): Promise<Page> => {
      const opened = await browser.newPage();
      await opened.goto(pages.url);
      return opened;
    };
    return {
      whip: async (url, bearer, more) => publishByWhip(await page(), url, bearer, more),
      whep: async (url, bearer) => playByWhep(await page(), url, bearer),
      page,
      stop: async () => {
        await browser.close();
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

async function fakeDevices(directory: string, options: BrowserOptions): Promise<readonly [string, string]> {
  const { source = 1, size = "320x180", frameRate = 30 } = options;
  const [camera, microphone] = [join(directory, "camera.y4m"), join(directory, "microphone.wav")];
  const quiet = "-hide_banner -nostdin -loglevel error -f lavfi -i".split(" ");
  const seconds = ["-t", String(cameraSeconds)];
  await run("ffmpeg", [...quiet, countedPicture(source, size, String(frameRate)), ...seconds, camera]);
  await run("ffmpeg", [...quiet, countedTone(source, 48_000, 2), ...seconds, microphone]);
  return [camera, microphone];
}

/** localhost is a secure context: a camera is only given to those. */
async function servePage(): Promise<{ url: string; close: () => Promise<void> }> {
  const html = await readFile(new URL("page.html", import.meta.url));
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/html" }).end(html);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the page has no port");
  return {
    url: `http://localhost:${address.port}/`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { PcmDecoder } from "../../ffmpeg/pcm-decoder.ts";
import { readAudioFormat } from "../../rtmp/formats.ts";
import type { MediaMessage } from "../../rtmp/message.ts";
import type { Stereo } from "./pcm.ts";
import { samplesOf, stereo } from "./pcm.ts";
import { ProgramAudio, type SourceMix } from "./program-audio.ts";
import { bursts, decodeFlv, encodeSound, type TestSound } from "./testing/media.ts";
import { seededRandom } from "./testing/signals.ts";

function heard(sourceId: string, mix: Partial<SourceMix> = {}): SourceMix {
  return { sourceId, gain: 0, mute: false, solo: false, delayMs: 0, audible: true, ...mix };
}

/** A program and all that it gave out; an error of it fails the test. */
function startProgram(startMs = 0): { program: ProgramAudio; aac: MediaMessage[]; opus: MediaMessage[] } {
  const aac: MediaMessage[] = [];
  const opus: MediaMessage[] = [];
  const program = new ProgramAudio({
    bitrate: 192_000,
    startMs,
    onAac: (message) => aac.push(message),
    onOpus: (message) => opus.push(message),
    onError: (error) => assert.fail(String(error)),
  });
  return { program, aac, opus };
}

/** Advances by frames of 30 a second. */
async function play(program: ProgramAudio, fromMs: number, toMs: number): Promise<void> {
  await program.settled();
  for (let frame = 1; fromMs + (frame * 1_000) / 30 < toMs; frame += 1) program.advance(fromMs + (frame * 1_000) / 30);
  program.advance(toMs);
  await program.settled();
}

/** When it first gets loud after `fromMs`, ms. */
function onset({ left }: Stereo, fromMs: number): number {
  const at = left.findIndex((sample, i) => i >= samplesOf(fromMs) && Math.abs(sample) > 0.2);
  return (at * 1_000) / 48_000;
}

/** The RMS of each side, dBFS. */
function level(sound: Stereo, fromMs: number, toMs: number): { left: number; right: number } {
  const rms = (side: Float32Array): number => {
    const part = side.slice(samplesOf(fromMs), samplesOf(toMs));
    return 10 * Math.log10(part.reduce((sum, sample) => sum + sample * sample, 1e-12) / part.length);
  };
  return { left: rms(sound.left), right: rms(sound.right) };
}

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} within ${tolerance}`);
}

/** What FFmpeg's decoder gives for Opus messages, by their timestamps. */
async function decodeOpus(messages: readonly MediaMessage[], seconds: number): Promise<Stereo> {
  const sound = stereo(seconds * 48_000);
  const decoder = new PcmDecoder(48_000);
  for (const message of messages) {
    for await (const { at, left, right } of decoder.decode(message, message.timestamp * 48)) {
      sound.left.set(left, at);
      sound.right.set(right, at);
    }
  }
  decoder.free();
  return sound;
}

const sounds: readonly TestSound[] = [
  { codec: "aac", sampleRate: 44_100, channels: 1, seconds: 3, expression: bursts },
  { codec: "aac", sampleRate: 48_000, channels: 2, seconds: 3, expression: bursts },
  { codec: "aac", sampleRate: 48_000, channels: 6, seconds: 3, expression: bursts },
  { codec: "mp3", sampleRate: 44_100, channels: 2, seconds: 3, expression: bursts },
  { codec: "mp3", sampleRate: 22_050, channels: 1, seconds: 3, expression: bursts },
  { codec: "opus", sampleRate: 48_000, channels: 2, seconds: 3, expression: bursts },
  { codec: "opus", sampleRate: 48_000, channels: 1, seconds: 3, expression: bursts },
];

for (const sound of sounds) {
  const { codec, sampleRate, channels } = sound;
  test(`${codec}, ${sampleRate} Hz, ${channels} channels: in its place and as loud as it was`, async () => {
    const messages = await encodeSound(sound);
    const { program, aac, opus } = startProgram();
    program.setOpus(true);
    program.setSources([heard("a")]);
    for (const message of messages) program.push("a", message, message.timestamp + 500);
    await play(program, 0, 4_000);
    program.close();
    // Where a player of the source itself has it: what MP3 and AAC put before their sound included.
    const own = codec === "opus" ? null : await decodeFlv(messages);
    const ownOnset = own === null ? 1_000 : onset(own, 0);
    // Where ffmpeg makes one channel two, it takes 3 dB off each.
    const single = channels === 1 ? 3 : 0;
    const ownLevel = own === null ? -9 : level(own, ownOnset + 30, ownOnset + 80).left + single;
    for (const out of [await decodeFlv(aac), await decodeOpus(opus, 5)]) {
      for (const second of [0, 1_000]) near(onset(out, second + 800), ownOnset + second + 500, 2);
      const { left, right } = level(out, ownOnset + 530, ownOnset + 580);
      near(left, right, 0.01);
      // Six channels in phase are more than fits.
      near(left, channels === 6 ? -4 : ownLevel, 0.5);
    }
  });
}

test("without any source there is silence, without a hole, in the formats that are promised", async () => {
  const { program, aac, opus } = startProgram(10_000);
  program.setOpus(true);
  await play(program, 10_000, 12_000);
  program.setOpus(false);
  await play(program, 12_000, 13_000);
  program.setOpus(true);
  await play(program, 13_000, 14_000);
  program.close();
  for (const [messages, samples, codec] of [
    [aac, 1_024, "aac"],
    [opus, 960, "opus"],
  ] as const) {
    const [first, ...rest] = messages;
    assert.ok(first?.configuration);
    assert.deepEqual(readAudioFormat(first), { codec, sampleRate: 48_000, channels: 2 });
    const restart = rest.findIndex(({ configuration }) => configuration);
    const frames = restart < 0 ? rest : rest.slice(0, restart);
    const start = frames[0]?.timestamp ?? 0;
    near(start, 10_000 - (codec === "aac" ? 1_024 : 120) / 48, 1);
    for (const [i, { timestamp }] of frames.entries()) near(timestamp, start + (i * samples) / 48, 1);
    assert.equal(restart < 0, codec === "aac");
    if (restart >= 0) near(rest[restart]?.timestamp ?? 0, 13_000, 10);
  }
  const sound = await decodeFlv(aac);
  assert.ok(sound.left.length > 3.9 * 48_000);
  assert.ok(sound.left.every((sample) => Math.abs(sample) < 1e-4));
});

const steady: TestSound = {
  codec: "aac",
  sampleRate: 48_000,
  channels: 2,
  seconds: 4,
  expression: "0.5*sin(2*PI*500*t)",
};

test("gain, mute, solo, audio that follows video, delay and removal", async () => {
  const messages = await encodeSound(steady);
  const { program } = startProgram();
  for (const sourceId of ["a", "b"]) {
    for (const message of messages) program.push(sourceId, message, message.timestamp);
  }
  let now = 0;
  /** Levels over 100 ms, when the change has been made. */
  const listen = async (mixes: readonly SourceMix[]): Promise<{ program: number; sources: Record<string, number> }> => {
    program.setSources(mixes);
    await play(program, now, now + 100);
    program.meters();
    await play(program, now + 100, now + 200);
    now += 200;
    const meters = program.meters();
    const sources = Object.fromEntries(meters.sources.map(({ sourceId, rms }) => [sourceId, rms]));
    return { program: meters.program.rms, sources };
  };
  assert.deepEqual(await listen([heard("a")]), { program: -9, sources: { a: -9, b: -9 } });
  assert.deepEqual(await listen([heard("a", { gain: -20 })]), { program: -29, sources: { a: -29, b: -9 } });
  assert.deepEqual(await listen([heard("a", { mute: true })]), { program: -100, sources: { a: -9, b: -9 } });
  assert.deepEqual(await listen([heard("a", { audible: false })]), { program: -100, sources: { a: -9, b: -9 } });
  const solo = await listen([heard("a", { gain: -10, solo: true }), heard("b")]);
  assert.deepEqual(solo, { program: -19, sources: { a: -19, b: -9 } });
  // A solo of what is not shown silences nobody.
  assert.equal((await listen([heard("a", { solo: true, audible: false }), heard("b")])).program, -9);
  // Twice the same is 6 dB more; half a period later it is nothing.
  near((await listen([heard("a", { gain: -10 }), heard("b", { gain: -10 })])).program, -13, 0.2);
  const opposite = await listen([heard("a"), heard("b", { delayMs: 1 })]);
  assert.ok(opposite.program < -60, String(opposite.program));
  // Too loud for the scale: the limiter holds it.
  program.setSources([heard("a", { gain: 20 }), heard("b", { gain: 20 })]);
  await play(program, now, now + 500);
  const { peak } = program.meters().program;
  assert.ok(peak <= -1 && peak > -1.5, String(peak));
  now += 500;
  program.remove("a");
  assert.deepEqual(Object.keys((await listen([heard("b")])).sources), ["b"]);
  program.close();
});

test("a change does not click, and a take's fade takes its time", async () => {
  const messages = await encodeSound(steady);
  const { program, aac } = startProgram();
  for (const message of messages) program.push("a", message, message.timestamp);
  program.setSources([heard("a")]);
  await play(program, 0, 500);
  program.setSources([heard("a", { mute: true })]);
  await play(program, 500, 1_000);
  program.setSources([heard("a", { delayMs: 333 })]);
  await play(program, 1_000, 1_500);
  program.setSources([heard("a", { audible: false })], 1_000);
  await play(program, 1_500, 2_000);
  // Told again in mid-fade, it goes on as it was.
  program.setSources([heard("a", { audible: false })]);
  await play(program, 2_000, 3_000);
  program.close();
  const sound = await decodeFlv(aac);
  near(level(sound, 1_975, 2_025).left, -9 - 6, 0.5);
  assert.ok(level(sound, 2_600, 2_700).left < -70);
  // The tone rises by 0.033 a sample at the most.
  const steepest = sound.left.reduce(
    (most, sample, i) => Math.max(most, Math.abs(sample - (sound.left[i - 1] ?? 0))),
    0,
  );
  assert.ok(steepest < 0.05, String(steepest));
});

test("a lost Opus packet moves nothing", async () => {
  const expression = "0.5*sin(2*PI*1000*t)*lt(mod(t\\,1)\\,0.1)*gte(t\\,1)+0.01*sin(2*PI*200*t)";
  const messages = await encodeSound({ codec: "opus", sampleRate: 48_000, channels: 2, seconds: 4, expression });
  const { program, aac } = startProgram();
  program.setSources([heard("a")]);
  for (const [i, message] of messages.entries()) {
    if (i % 7 !== 3 || (message.timestamp + 50) % 1_000 < 250) program.push("a", message, message.timestamp);
  }
  await play(program, 0, 4_000);
  assert.ok(program.driftMs("a") < 2);
  program.close();
  const sound = await decodeFlv(aac);
  for (const at of [1_000, 2_000, 3_000]) near(onset(sound, at - 300), at, 2);
});

test("a lost Opus packet is hardly heard: what was heard before it goes on", async () => {
  const messages = await encodeSound({
    codec: "opus",
    sampleRate: 48_000,
    channels: 2,
    seconds: 3,
    expression: "0.5*sin(2*PI*440*t)",
  });
  const { program, aac } = startProgram();
  program.setSources([heard("a")]);
  for (const [i, message] of messages.entries()) if (i % 10 !== 5) program.push("a", message, message.timestamp);
  await play(program, 0, 3_000);
  program.close();
  const sound = await decodeFlv(aac);
  // A tenth of it is lost: without, each piece of 10 ms of a gap would be 40 dB down.
  for (let at = 500; at < 2_500; at += 10) {
    const { left } = level(sound, at, at + 10);
    assert.ok(left > -14 && left < -7, `${left} dB at ${at} ms`);
  }
});

test("codecs and rates that change in mid-stream, and timestamps that begin anew", async () => {
  const { program, aac } = startProgram();
  program.setSources([heard("a")]);
  const kinds: readonly Partial<TestSound>[] = [
    {},
    { sampleRate: 22_050, channels: 1 },
    { codec: "mp3", sampleRate: 44_100 },
    { codec: "mp3", sampleRate: 48_000, channels: 1 },
    { codec: "opus", sampleRate: 48_000 },
    { sampleRate: 48_000, channels: 6 },
  ];
  let at = 0;
  for (const kind of kinds) {
    const messages = await encodeSound({ ...steady, expression: "0.2*sin(2*PI*500*t)", seconds: 0.6, ...kind });
    for (const message of messages) program.push("a", message, at + Math.max(0, message.timestamp));
    program.interrupt("a");
    at += 600;
  }
  await play(program, 0, at);
  program.close();
  const sound = await decodeFlv(aac);
  for (const [i, { channels }] of kinds.entries()) {
    near(level(sound, i * 600 + 200, i * 600 + 500).left, channels === 6 ? -9.4 : -17, 0.7);
  }
});

test("garbage is silence, whatever it is, and what comes after it is heard", async () => {
  const random = seededRandom(23);
  const messages = await encodeSound(steady);
  const { program } = startProgram();
  program.setSources([heard("a")]);
  const firsts = [0xaf, 0x2f, 0x2a, 0x90, 0x91, 0x95, 0x97, 0x00];
  for (let i = 0; i < 1_500; i += 1) {
    const payload = Buffer.from(Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256)));
    if (payload.length > 0) payload[0] = firsts[i % firsts.length] ?? 0;
    if (payload.length > 1 && i % 3 === 0) payload[1] = i % 2;
    if (payload.length > 5 && i % 4 === 0) payload.write("Opus", 1, "latin1");
    const kept = messages[i % messages.length]?.payload ?? payload;
    const torn = i % 5 === 0 ? Buffer.concat([kept.subarray(0, 2), payload]) : payload;
    const atMs = i % 50 === 0 ? Number.NaN : i % 70 === 0 ? 1e15 * (random() - 0.5) : i;
    program.push("a", { kind: "audio", timestamp: i, payload: torn, keyframe: false, configuration: false }, atMs);
    if (i % 100 === 0) await play(program, i, i + 100);
  }
  program.interrupt("a");
  for (const message of messages) program.push("a", message, 2_000 + message.timestamp);
  await play(program, 1_600, 3_000);
  program.meters();
  await play(program, 3_000, 3_500);
  near(program.meters().program.rms, -9, 0.1);
  program.close();
});

import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { tempDirectory } from "@trax/peers";
import { ensureCertificate } from "./certificate.ts";

const day = (days: number) => () => new Date(Date.UTC(2026, 0, 1) + days * 86_400_000);

test("the RTMPS certificate is made, kept, and made again near its end, for other names, or when broken", async () => {
  const directory = await tempDirectory("certificate");
  try {
    const files = await ensureCertificate(directory.path, ["live.example", "192.0.2.1"], day(0));
    const read = async (): Promise<X509Certificate> => new X509Certificate(await readFile(files.certPath));
    const first = await read();
    assert.ok(first.checkHost("live.example") && first.checkIP("192.0.2.1") && first.checkHost("localhost"));
    assert.ok(first.checkPrivateKey(createPrivateKey(await readFile(files.keyPath))));
    assert.equal((await stat(files.keyPath)).mode & 0o777, 0o600);

    await ensureCertificate(directory.path, ["live.example", "192.0.2.1"], day(300));
    assert.equal((await read()).fingerprint256, first.fingerprint256);
    await ensureCertificate(directory.path, ["live.example", "192.0.2.1"], day(340));
    const renewed = await read();
    assert.notEqual(renewed.fingerprint256, first.fingerprint256);
    await ensureCertificate(directory.path, ["other.example"], day(340));
    const other = await read();
    assert.ok(other.checkHost("other.example"));
    await writeFile(files.keyPath, "broken");
    await ensureCertificate(directory.path, ["other.example"], day(340));
    assert.notEqual((await read()).fingerprint256, other.fingerprint256);
  } finally {
    await directory.remove();
  }
});

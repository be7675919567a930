import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { generate } from "selfsigned";

export type TestCertificate = { readonly certPath: string; readonly keyPath: string; readonly pem: string };

/**
 * Writes a certificate for `localhost`, 127.0.0.1 and ::1 into `directory`. Who
 * is to trust it gets `certPath` as NODE_EXTRA_CA_CERTS, or `pem` as `ca`.
 * `expired`: it was good for a day, and is not any more.
 */
export async function writeTestCertificate(
  directory: string,
  { expired = false }: { readonly expired?: boolean } = {},
): Promise<TestCertificate> {
  const dayMs = 86_400_000;
  const past = { notBeforeDate: new Date(Date.now() - 2 * dayMs), notAfterDate: new Date(Date.now() - dayMs) };
  const names = [
    { type: 2 as const, value: "localhost" },
    { type: 7 as const, ip: "127.0.0.1" },
    { type: 7 as const, ip: "::1" },
  ];
  const made = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    ...(expired ? past : {}),
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: true, critical: true },
      { name: "subjectAltName", altNames: names },
    ],
  });
  const certPath = join(directory, "certificate.pem");
  const keyPath = join(directory, "key.pem");
  await writeFile(certPath, made.cert);
  await writeFile(keyPath, made.private, { mode: 0o600 });
  return { certPath, keyPath, pem: made.cert };
}

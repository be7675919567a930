import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { generate } from "selfsigned";

export type CertificateFiles = { readonly certPath: string; readonly keyPath: string };

const dayMs = 86_400_000;
const validMs = 365 * dayMs;
const renewBeforeMs = 30 * dayMs;

/**
 * A self-signed certificate for RTMPS in `directory`, for those who brought
 * none: made when there is none, when it is for other names, or when it ends
 * within 30 days. MediaMTX reads changed files by itself. `names` are host
 * names and addresses; `localhost` and 127.0.0.1 are always among them.
 */
export async function ensureCertificate(
  directory: string,
  names: readonly string[],
  now: () => Date = () => new Date(),
): Promise<CertificateFiles> {
  const files = { certPath: join(directory, "rtmps-certificate.pem"), keyPath: join(directory, "rtmps-key.pem") };
  const wanted = [...new Set(["localhost", "127.0.0.1", ...names])];
  if (await isGood(files, wanted, now())) return files;

  const made = await generate([{ name: "commonName", value: names[0] ?? "localhost" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now().getTime() - dayMs),
    notAfterDate: new Date(now().getTime() + validMs),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: wanted.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  });
  await mkdir(directory, { recursive: true });
  // A crash between the two leaves a pair that does not match, which the next start sees and makes again.
  await replaceFile(files.keyPath, made.private, 0o600);
  await replaceFile(files.certPath, made.cert, 0o644);
  return files;
}

async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, text, { mode });
  await chmod(`${path}.new`, mode);
  await rename(`${path}.new`, path);
}

async function isGood(files: CertificateFiles, names: readonly string[], now: Date): Promise<boolean> {
  try {
    const certificate = new X509Certificate(await readFile(files.certPath));
    const key = createPrivateKey(await readFile(files.keyPath));
    return (
      certificate.checkPrivateKey(key) &&
      names.every(
        (name) => (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined,
      ) &&
      certificate.validToDate.getTime() - now.getTime() > renewBeforeMs
    );
  } catch {
    return false;
  }
}

import { request } from "node:http";
import { resolve as resolvePath } from "node:path";
import { Failure } from "../failure.ts";
import { defaultDataDir } from "../repository.ts";
import type { DataDirectory } from "./data-directory.ts";
import { readRecord } from "./record.ts";

/** Asks the instance that runs on a data directory. Throws a `Failure` that says how to start one where none does. */
export async function askInstance(directory: DataDirectory | null, path: string, named: string): Promise<unknown> {
  const record = directory === null ? null : await readRecord(directory);
  const text = record === null ? null : await get(record.socket, path);
  if (text === null) {
    const data = resolvePath(named) === defaultDataDir ? "" : ` --data ${named}`;
    throw new Failure(`no TRaX is running on ${named}: start it with ./trax up${data}`);
  }
  return JSON.parse(text);
}

/** The body, or null where nothing listens. */
function get(socketPath: string, path: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path }, (incoming) => {
      let body = "";
      incoming.setEncoding("utf8").on("data", (text: string) => (body += text));
      incoming.once("error", reject);
      incoming.once("end", () => {
        if (incoming.statusCode === 200) resolve(body);
        else reject(new Failure(`the supervisor answered ${incoming.statusCode}: ${body.trim()}`));
      });
    });
    outgoing.once("error", () => resolve(null));
    outgoing.end();
  });
}

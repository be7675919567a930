import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** This node's name, kept with its data: a restarted agent is the same node and its broadcasts are its own still. */
export function readNodeId(dataDirectory: string): string {
  const path = join(dataDirectory, "node-id");
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    const nodeId = `node_${randomUUID()}`;
    mkdirSync(dataDirectory, { recursive: true });
    writeFileSync(path, `${nodeId}\n`);
    return nodeId;
  }
}

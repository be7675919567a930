import { readFileSync, writeFileSync } from "node:fs";
import { openApiDocument } from "./openapi.ts";

// Writes contract/openapi.json; with --check says whether it is fresh.
const file = new URL("../openapi.json", import.meta.url);
const fresh = `${JSON.stringify(openApiDocument(), null, 2)}\n`;
if (process.argv.includes("--check")) {
  let committed = "";
  try {
    committed = readFileSync(file, "utf8");
  } catch {
    committed = "";
  }
  if (committed !== fresh) {
    process.stderr.write("contract/openapi.json is not fresh: run node contract/src/generate-openapi.ts\n");
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, fresh);
}

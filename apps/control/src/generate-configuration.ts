import { readFileSync, writeFileSync } from "node:fs";
import { variables } from "@trax/foundation/config";
import { loadPlatforms, variableOf } from "./features/connections/index.ts";

// Writes docs/configuration.md; with --check says whether it is fresh.
const file = new URL("../../../docs/configuration.md", import.meta.url);

const row = (name: string, about: string, takes: string, otherwise: string): string =>
  `| \`${name}\` | ${about} | ${takes} | ${otherwise} |`;

const rows = Object.entries(variables).map(([name, { about, takes, otherwise }]) => row(name, about, takes, otherwise));

const platformRows = (await loadPlatforms()).flatMap(({ name, settings }) =>
  Object.entries(settings).map(([setting, { about, takes, otherwise }]) =>
    row(variableOf(name, setting), about, takes, otherwise ?? "unset"),
  ),
);

const fresh = `# Configuration

Everything an operator sets is an environment variable. It is read once, at start; a wrong value is an
error that names the variable and what it takes, and nothing starts. An empty value counts as unset,
except where \`./trax up\` has a default of its own: whatever the environment sets, an empty value
included, beats that.

| variable | what it is | takes | unset |
| --- | --- | --- | --- |
${rows.join("\n")}

## Platforms

What a platform's adapter takes. Without its client id and secret a platform is not offered; the addresses are there for
tests and for proxies.

| variable | what it is | takes | unset |
| --- | --- | --- | --- |
${platformRows.join("\n")}

The standard \`OTEL_*\` variables turn traces and metrics on (see [operating](operating.md)).

This page is generated from \`foundation/src/config.ts\` and the platforms' adapters.
`;

function committed(): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

if (!process.argv.includes("--check")) writeFileSync(file, fresh);
else if (committed() !== fresh) {
  process.stderr.write("docs/configuration.md is not fresh: run node apps/control/src/generate-configuration.ts\n");
  process.exitCode = 1;
}

import assert from "node:assert/strict";
import { glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { listAt, textAt } from "../src/json.ts";
import { operationList } from "../src/operation-list.ts";
import { behaviour } from "../src/promise.ts";
import { freshAccount } from "../src/shared-account.ts";
import { briefJvm, ensureOpenApiGenerator, run } from "./tool.ts";

// What openapi-generator makes of the document: whole clients, without a warning.

const document = fileURLToPath(new URL("../../contract/openapi.json", import.meta.url));
const kotlinProject = fileURLToPath(new URL("kotlin/pom.xml", import.meta.url));

const settings = {
  swift5: "enumUnknownDefaultCase=true",
  swift6: "enumUnknownDefaultCase=true",
  kotlin:
    "library=jvm-okhttp4,serializationLibrary=kotlinx_serialization,dateLibrary=java8,useCoroutines=true,enumPropertyNaming=UPPERCASE,enumUnknownDefaultCase=true",
} as const;
const sources = { swift5: "**/*.swift", swift6: "**/*.swift", kotlin: "src/main/**/*.kt" } as const;

async function generate(context: TestContext, generator: keyof typeof settings): Promise<string> {
  const jar = await ensureOpenApiGenerator();
  const output = await mkdtemp(join(tmpdir(), `trax-${generator}-`));
  context.after(() => rm(output, { recursive: true, force: true }));
  const { status, text } = await run("java", [
    ...briefJvm,
    "-jar",
    jar,
    "generate",
    `--input-spec=${document}`,
    `--generator-name=${generator}`,
    `--output=${output}`,
    `--additional-properties=${settings[generator]}`,
    "--global-property=modelTests=false,apiTests=false,modelDocs=false,apiDocs=false",
  ]);
  assert.equal(status, 0, text.slice(-5_000));
  // That the Swift 5 generator itself is old is no fault of the document's.
  const warnings = (text.match(/^.*\b(WARN|ERROR)\b.*$/gm) ?? []).filter(
    (line) => !/generator .*deprecated/i.test(line),
  );
  assert.deepEqual(warnings, []);
  let code = "";
  for await (const file of glob(sources[generator], { cwd: output }))
    code += await readFile(join(output, file), "utf8");
  for (const { name, path } of operationList) {
    if (path.startsWith("/v1/")) assert.match(code, new RegExp(`\\bfunc? ${name}\\b`), `${generator} has ${name}`);
  }
  return output;
}

behaviour("openapi-generator makes a Swift 5 client", async (context) => {
  await generate(context, "swift5");
});

behaviour("openapi-generator makes a Swift 6 client", async (context) => {
  await generate(context, "swift6");
});

behaviour("the Kotlin client compiles, makes real calls, and takes values it does not know", async (context) => {
  const client = await generate(context, "kotlin");
  const account = await freshAccount();
  const target = join(client, "target");
  const classpathFile = join(client, "classpath");
  const goals = ["compile", "dependency:build-classpath"];
  const definitions = [`-Dclient=${client}`, `-Dtarget=${target}`, `-Dmdep.outputFile=${classpathFile}`];
  const compiled = await run("mvn", ["-q", "-B", `--file=${kotlinProject}`, ...definitions, ...goals], {
    env: { MAVEN_OPTS: briefJvm.join(" ") },
  });
  assert.equal(compiled.status, 0, compiled.text.slice(-5_000));
  const classpath = `${join(target, "classes")}:${await readFile(classpathFile, "utf8")}`;
  const { status, text } = await run("java", [...briefJvm, "-cp", classpath, "CallKt"], {
    env: { TRAX_BASE_URL: account.instance.baseUrl, TRAX_API_KEY: account.key },
  });
  assert.equal(status, 0, text.slice(-5_000));
  const studios = listAt((await account.ask("GET", "/v1/studios")).json, "data");
  assert.deepEqual(
    studios.map((studio) => textAt(studio, "name")),
    ["From Kotlin"],
  );
});

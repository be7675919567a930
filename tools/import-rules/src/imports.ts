import { parseSync, Visitor } from "oxc-parser";

/** What a module imports: static, dynamic and type-only imports and re-exports, as written. */
export function readImports(file: string, source: string): readonly string[] {
  const { module, program, errors } = parseSync(file, source);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${file}: ${error.message}`);
  const found = new Set<string>();
  for (const { moduleRequest } of module.staticImports) found.add(moduleRequest.value);
  for (const { entries } of module.staticExports)
    for (const { moduleRequest } of entries) if (moduleRequest !== null) found.add(moduleRequest.value);
  for (const { moduleRequest } of module.dynamicImports) {
    const text = source.slice(moduleRequest.start, moduleRequest.end);
    // A computed import cannot be followed; there should be none, and it is nobody of ours that it names.
    if (/^(["'`])[^"'`$]*\1$/.test(text)) found.add(text.slice(1, -1));
  }
  // `import("…").Type`
  new Visitor({ TSImportType: ({ source: literal }) => void found.add(literal.value) }).visit(program);
  return [...found];
}

/** A graph of modules: what each imports. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/**
 * The groups of modules that import each other, however long the way round:
 * strongly connected components of more than one module (Tarjan, 1972).
 */
export function findCycles(graph: Graph): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const cycles: string[][] = [];

  const visit = (module: string): number => {
    const index = order.size;
    order.set(module, index);
    lowest.set(module, index);
    stack.push(module);
    let low = index;
    for (const next of graph.get(module) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    lowest.set(module, low);
    if (low === index) {
      const group = stack.splice(stack.indexOf(module));
      if (group.length > 1 || graph.get(module)?.includes(module) === true) cycles.push(group);
    }
    return low;
  };
  for (const module of graph.keys()) if (!order.has(module)) visit(module);
  return cycles;
}

/**
 * The same parts, each with an id: its own, or `<type>-1`, `-2`, …, the first
 * that is free, so that the same list without ids gets the same ids again and
 * what is on air stays what it was.
 */
export function withIds<Part extends { readonly id?: string | undefined; readonly type: string }>(
  parts: readonly Part[],
): readonly (Part & { readonly id: string })[] {
  const taken = new Set(parts.flatMap(({ id }) => (id === undefined ? [] : [id])));
  const free = (type: string): string => {
    let number = 1;
    while (taken.has(`${type}-${number}`)) number++;
    taken.add(`${type}-${number}`);
    return `${type}-${number}`;
  };
  return parts.map((part) => ({ ...part, id: part.id ?? free(part.type) }));
}

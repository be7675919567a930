import type { Benchmark } from "../benchmark.ts";
export const frozenDestination: Benchmark = {
  name: "frozen-destination",
  title: "",
  run: () => Promise.reject(new Error("not yet")),
};

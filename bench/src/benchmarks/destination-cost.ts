import type { Benchmark } from "../benchmark.ts";
export const destinationCost: Benchmark = {
  name: "destination-cost",
  title: "",
  run: () => Promise.reject(new Error("not yet")),
};

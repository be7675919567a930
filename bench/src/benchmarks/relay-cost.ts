import type { Benchmark } from "../benchmark.ts";
export const relayCost: Benchmark = { name: "relay-cost", title: "", run: () => Promise.reject(new Error("not yet")) };

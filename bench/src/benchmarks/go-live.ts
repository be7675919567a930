import type { Benchmark } from "../benchmark.ts";
export const goLive: Benchmark = { name: "go-live", title: "", run: () => Promise.reject(new Error("not yet")) };

import { listStudios } from "../../../apps/control/src/features/studios/sql.ts";
import type { Benchmark } from "../benchmark.ts";
import { benchLongList } from "../long-list.ts";
import { seedStudios } from "../studios-seed.ts";

export const listPage: Benchmark = {
  name: "list-page",
  title: "A page of 100,000 studios against its own SQL in pgbench",
  run: (setting) =>
    benchLongList(setting, { rows: "studios", path: "/v1/studios", seed: seedStudios, query: listStudios }),
};

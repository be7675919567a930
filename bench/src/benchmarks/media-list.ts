import { listAssets } from "../../../apps/control/src/features/media-library/sql.ts";
import { seedAssets } from "../assets-seed.ts";
import type { Benchmark } from "../benchmark.ts";
import { benchLongList } from "../long-list.ts";

/** Each asset of a page has URLs that are signed for it: on a disk, by control itself. */
export const mediaList: Benchmark = {
  name: "media-list",
  title: "A page of 100,000 assets, their URLs signed, against its own SQL in pgbench",
  run: (setting) =>
    benchLongList(setting, {
      rows: "assets",
      path: "/v1/media",
      seed: seedAssets,
      query: (db, accountId, page) => listAssets(db, accountId, { ...page, kind: null }),
    }),
};

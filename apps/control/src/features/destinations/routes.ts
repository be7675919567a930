import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import type { Connections } from "../connections/index.ts";
import type { AddressRules } from "./address.ts";
import {
  checkCreate,
  checkUpdate,
  createDestination,
  deleteDestination,
  getDestination,
  listOfDestinations,
  updateDestination,
} from "./logic.ts";
import { streamKeys } from "./stream-key.ts";

export type DestinationHandlers = {
  readonly read: Handlers<"listDestinations" | "getDestination">;
  readonly write: Handlers<"createDestination" | "updateDestination" | "deleteDestination">;
};

/** @param resolve Name to IP literals; the system's resolver unless given. */
export function destinationHandlers(
  {
    config,
    cursors,
    vault,
    connections,
  }: Pick<Services, "config" | "cursors" | "vault"> & { readonly connections: Pick<Connections, "registry"> },
  resolve?: AddressRules["resolve"],
): DestinationHandlers {
  const keys = streamKeys(vault);
  const rules: AddressRules = {
    allowedNetworks: config.TRAX_ALLOWED_NETWORKS,
    ...(resolve === undefined ? {} : { resolve }),
  };
  return {
    read: {
      listDestinations: ({ db, accountId, params, query }) =>
        listOfDestinations(db, accountId, params.id, cursors, query),
      getDestination: ({ db, accountId, params }) => getDestination(db, accountId, params.id, params.destId),
    },
    write: {
      createDestination: {
        check: ({ database, accountId, params, body }) => checkCreate(database, accountId, params.id, rules, body),
        run: ({ db, accountId, params, body }) =>
          createDestination(db, accountId, params.id, { keys, registry: connections.registry }, body),
      },
      updateDestination: {
        check: ({ database, accountId, params, body }) =>
          checkUpdate(database, accountId, params.id, params.destId, rules, body),
        run: ({ db, accountId, params, body }) =>
          updateDestination(db, accountId, params.id, params.destId, { keys, registry: connections.registry }, body),
      },
      deleteDestination: ({ db, accountId, params }) => deleteDestination(db, accountId, params.id, params.destId),
    },
  };
}

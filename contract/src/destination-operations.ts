import { z } from "zod";
import { Destination, DestinationCreate, DestinationId, DestinationList, DestinationUpdate } from "./destination.ts";
import { PageQuery } from "./field.ts";
import { operation } from "./operation.ts";
import { StudioId, ofStudio } from "./studio.ts";

const ofDestination = z.object({ id: StudioId, destId: DestinationId });

/** Destinations. */
export const destinationOperations = {
  listDestinations: operation({
    method: "GET",
    path: "/v1/studios/{id}/destinations",
    tag: "Destinations",
    summary: "List a studio's destinations",
    auth: "credential",
    scope: "destinations:read",
    write: false,
    paginated: true,
    params: ofStudio,
    query: PageQuery,
    body: null,
    status: 200,
    response: DestinationList,
    errors: [],
  }),
  createDestination: operation({
    method: "POST",
    path: "/v1/studios/{id}/destinations",
    tag: "Destinations",
    summary: "Add a destination",
    description:
      "With a `url`, or with the `connectionId` of a linked account, whose platform is then asked at each go-live where to send to. While the studio is live it is connected at once. A platform takes one stream of an account: where another enabled destination of the studio is of the same connection, only a disabled one is made (`conflict` else).",
    auth: "credential",
    scope: "destinations:write",
    write: true,
    params: ofStudio,
    query: null,
    body: DestinationCreate,
    status: 201,
    response: Destination,
    errors: ["conflict", "destination_refused", "platform_refused"],
  }),
  getDestination: operation({
    method: "GET",
    path: "/v1/studios/{id}/destinations/{destId}",
    tag: "Destinations",
    summary: "Get a destination",
    auth: "credential",
    scope: "destinations:read",
    write: false,
    params: ofDestination,
    query: null,
    body: null,
    status: 200,
    response: Destination,
    errors: [],
  }),
  updateDestination: operation({
    method: "PATCH",
    path: "/v1/studios/{id}/destinations/{destId}",
    tag: "Destinations",
    summary: "Change a destination",
    description:
      "While the studio is live a new address, key or delay is a new connection; enabling connects, disabling disconnects. Of those of one connection one is enabled at a time: disable it before another (`conflict` else).",
    auth: "credential",
    scope: "destinations:write",
    write: true,
    params: ofDestination,
    query: null,
    body: DestinationUpdate,
    status: 200,
    response: Destination,
    errors: ["conflict", "destination_refused", "platform_refused"],
  }),
  deleteDestination: operation({
    method: "DELETE",
    path: "/v1/studios/{id}/destinations/{destId}",
    tag: "Destinations",
    summary: "Remove a destination",
    auth: "credential",
    scope: "destinations:write",
    write: true,
    params: ofDestination,
    query: null,
    body: null,
    status: 204,
    response: null,
    errors: [],
  }),
} as const;

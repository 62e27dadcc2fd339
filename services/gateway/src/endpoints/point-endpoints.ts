// Reading and changing points.

import type {
  DistanceMatrix,
  FacetHit,
  GroupsRequest,
  MatrixRequest,
  PointGroup,
  PointRecord,
  QueryRequest,
  ScoredPoint,
  ScrollQuery,
} from '@tributary/model';
import type { CountRequest, FacetRequest, RetrieveRequest } from '@tributary/qdrant-api';
import type { GatewayCore } from '../gateway-core.ts';
import type { ScrollPage } from '../reads/points-reader.ts';
import {
  boundsOfFiltered,
  boundsOfGroups,
  boundsOfIds,
  boundsOfMatrix,
  boundsOfQueries,
} from '../strict-mode/read-bounds.ts';
import { readPoints, writeBatch, writePoints } from './collection-endpoints.ts';

export function readEndpoints(core: GatewayCore) {
  const { reader } = core;
  return {
    retrieve: readPoints<RetrieveRequest, PointRecord[]>(core, {
      name: 'retrieve',
      boundsOf: boundsOfIds,
      read: (...asked) => reader.retrieve(...asked),
    }),
    scroll: readPoints<ScrollQuery, ScrollPage>(core, {
      name: 'scroll',
      boundsOf: boundsOfFiltered,
      read: (...asked) => reader.scroll(...asked),
    }),
    count: readPoints<CountRequest, number>(core, {
      name: 'count',
      boundsOf: boundsOfFiltered,
      read: (...asked) => reader.count(...asked),
    }),
    facet: readPoints<FacetRequest, FacetHit[]>(core, {
      name: 'facet',
      boundsOf: boundsOfFiltered,
      read: (...asked) => reader.facet(...asked),
    }),
    /** Searches, recommendations and discoveries are queries as well. */
    query: readPoints<readonly QueryRequest[], ScoredPoint[][]>(core, {
      name: 'query',
      boundsOf: boundsOfQueries,
      read: (...asked) => reader.query(...asked),
    }),
    groups: readPoints<GroupsRequest, PointGroup[]>(core, {
      name: 'groups',
      boundsOf: boundsOfGroups,
      read: (...asked) => reader.groups(...asked),
    }),
    matrix: readPoints<MatrixRequest, DistanceMatrix>(core, {
      name: 'matrix',
      boundsOf: boundsOfMatrix,
      read: (...asked) => reader.matrix(...asked),
    }),
  };
}

export function writeEndpoints(core: GatewayCore) {
  return {
    upsert: writePoints(core, 'upsert'),
    delete: writePoints(core, 'delete'),
    updateVectors: writePoints(core, 'updateVectors'),
    deleteVectors: writePoints(core, 'deleteVectors'),
    setPayload: writePoints(core, 'setPayload'),
    overwritePayload: writePoints(core, 'overwritePayload'),
    deletePayload: writePoints(core, 'deletePayload'),
    clearPayload: writePoints(core, 'clearPayload'),
    updateBatch: writeBatch(core, 'updateBatch'),
    createFieldIndex: writePoints(core, 'createFieldIndex'),
    deleteFieldIndex: writePoints(core, 'deleteFieldIndex'),
  };
}

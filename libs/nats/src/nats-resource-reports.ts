// Reports of what peers use of their machines, on core NATS.

import type { ResourceReports } from '@tributary/replica-api';
import { decodeResourceReport, encodeResourceReport, type ResourceReport } from '@tributary/wire';
import type { Connection } from './connection.ts';
import { publishReport, type ReportChannel, subscribeReports } from './nats-reports.ts';

const CHANNEL: ReportChannel<ResourceReport> = {
  subject: 'tributary.resources',
  name: 'resource',
  encode: encodeResourceReport,
  decode: decodeResourceReport,
};

export class NatsResourceReports implements ResourceReports {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  publish(report: ResourceReport): void {
    publishReport(this.#connection, CHANNEL, report);
  }

  subscribe(listener: (report: ResourceReport) => void): Disposable {
    return subscribeReports(this.#connection, CHANNEL, listener);
  }
}

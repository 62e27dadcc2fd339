// Reports of applied sequences on core NATS.

import type { AppliedReports } from '@tributary/replica-api';
import { type AppliedReport, decodeReport, encodeReport } from '@tributary/wire';
import type { Connection } from './connection.ts';
import { publishReport, type ReportChannel, subscribeReports } from './nats-reports.ts';

const CHANNEL: ReportChannel<AppliedReport> = {
  subject: 'tributary.applied',
  name: 'applied',
  encode: encodeReport,
  decode: decodeReport,
};

export class NatsAppliedReports implements AppliedReports {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  publish(report: AppliedReport): void {
    publishReport(this.#connection, CHANNEL, report);
  }

  subscribe(listener: (report: AppliedReport) => void): Disposable {
    return subscribeReports(this.#connection, CHANNEL, listener);
  }
}

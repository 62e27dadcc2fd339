// Reports of applied sequences on core NATS: at most once, lost while the connection is.

import type { AppliedReports } from '@tributary/replica-api';
import { type AppliedReport, decodeReport, encodeReport } from '@tributary/wire';
import type { Connection } from './connection.ts';

const SUBJECT = 'tributary.applied';

export class NatsAppliedReports implements AppliedReports {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Dropped without a connection: sent later it would be old news. */
  publish(report: AppliedReport): void {
    const { isConnected, nats } = this.#connection;
    if (!isConnected || nats.isClosed()) return;
    nats.publish(SUBJECT, encodeReport(report));
  }

  subscribe(listener: (report: AppliedReport) => void): Disposable {
    const { nats, logger } = this.#connection;
    const subscription = nats.subscribe(SUBJECT, {
      callback: (error, message) => {
        if (error) {
          logger.error({ error }, 'the subscription to applied reports failed');
          return;
        }
        let report: AppliedReport;
        try {
          report = decodeReport(message.data);
        } catch (cause) {
          logger.warn({ cause }, 'an applied report cannot be read');
          return;
        }
        listener(report);
      },
    });
    return { [Symbol.dispose]: () => subscription.unsubscribe() };
  }
}

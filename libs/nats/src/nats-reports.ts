// Reports on core NATS: at most once, lost while the connection is.

import type { Connection } from './connection.ts';

export interface ReportChannel<Report> {
  readonly subject: string;
  /** For the log. */
  readonly name: string;
  readonly encode: (report: Report) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Report;
}

/** Dropped without a connection: sent later it would be old news. */
export function publishReport<Report>(
  { isConnected, nats }: Connection,
  { subject, encode }: ReportChannel<Report>,
  report: Report,
): void {
  if (!isConnected || nats.isClosed()) return;
  nats.publish(subject, encode(report));
}

/** A report that cannot be read is left out. */
export function subscribeReports<Report>(
  { nats, logger }: Connection,
  { subject, name, decode }: ReportChannel<Report>,
  listener: (report: Report) => void,
): Disposable {
  const subscription = nats.subscribe(subject, {
    callback: (error, message) => {
      if (error) {
        logger.error({ error }, `the subscription to ${name} reports failed`);
        return;
      }
      let report: Report;
      try {
        report = decode(message.data);
      } catch (cause) {
        logger.warn({ cause }, `a report (${name}) cannot be read`);
        return;
      }
      listener(report);
    },
  });
  return { [Symbol.dispose]: () => subscription.unsubscribe() };
}

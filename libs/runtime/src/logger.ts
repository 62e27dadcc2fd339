// Structured log lines. An error is logged once, where it is handled.

import { pino } from 'pino';

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A logger that adds these fields to each line. */
  child(fields: LogFields): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines on standard error; an `error` or `cause` field that is an Error is written with its stack. */
export function createLogger(options: { level: LogLevel; fields?: LogFields }): Logger {
  const destination = pino.destination({ dest: 2, sync: true });
  const serializers = { error: pino.stdSerializers.err, cause: pino.stdSerializers.err };
  return pino(
    {
      level: options.level,
      base: options.fields ?? {},
      serializers,
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  );
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};

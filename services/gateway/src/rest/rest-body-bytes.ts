// Bodies count against the bytes that the gateway holds, from their first byte until they are answered. Small ones do not:
// there are at most so many of them, and searches go on while uploads have taken all there is.

import { TributaryError } from '@tributary/runtime';
import type { FastifyInstance } from 'fastify';
import { UNCOUNTED_BYTES_MAX } from '../limits/byte-budget.ts';
import type { RequestMeter } from '../limits/request-meter.ts';

export interface CountBodiesOptions {
  readonly meter: RequestMeter;
  readonly maxRequestBytes: number;
}

/** Of routes added from now on. What finds no room is answered `unavailable`. */
export function countBodies(app: FastifyInstance, options: CountBodiesOptions): void {
  app.addHook('preParsing', (request, reply, payload, done) => {
    const { 'content-length': length, 'content-encoding': encoding } = request.headers;
    const hasBody = length !== undefined || request.headers['transfer-encoding'] !== undefined;
    const isSmall = encoding === undefined && Number(length) <= UNCOUNTED_BYTES_MAX;
    if (!hasBody || isSmall) return done(null, payload);
    const share = options.meter.bytes.share();
    reply.raw.once('close', () => share[Symbol.dispose]());
    try {
      // What is packed may become as large as a body can be.
      if (encoding !== undefined) share.take(options.maxRequestBytes);
    } catch (error) {
      return done(TributaryError.from(error));
    }
    const counting = share.counting();
    payload.on('error', (error) => counting.destroy(error));
    done(null, payload.pipe(counting));
  });
}

// A body counts against the gateway's memory budget from its first byte until the work on it has ended, even if the
// client hangs up. Small bodies are free: their number is bounded, and searches must work while uploads use the whole
// budget.
//
// Invariant: what a request holds is given back once, by `releaseBody`: every request with a body ends in an answer or
// in an error, also where no one is there to take either.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type BudgetShare, UNCOUNTED_BYTES_MAX } from '../limits/byte-budget.ts';
import type { RequestMeter } from '../limits/request-meter.ts';

/** Fastify reads no body of these, and so no one would give it back. */
const BODYLESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'TRACE']);

const shares = new WeakMap<FastifyRequest, BudgetShare>();

/** Of routes added from now on. What finds no room is answered `exhausted`. */
export function countBodies(app: FastifyInstance, { bytes }: Pick<RequestMeter, 'bytes'>): void {
  app.addHook('preParsing', (request, _reply, payload, done) => {
    const { 'content-length': length, 'content-encoding': encoding } = request.headers;
    const hasBody = length !== undefined || request.headers['transfer-encoding'] !== undefined;
    const isSmall = Number(length) <= UNCOUNTED_BYTES_MAX;
    if (!hasBody || BODYLESS.has(request.method)) return done(null, payload);
    if (isSmall && encoding === undefined) return done(null, payload);
    const share = bytes.share();
    shares.set(request, share);
    if (isSmall) return done(null, payload);
    const counting = share.counting();
    // Whoever reads the body stops listening once it is refused, and the rest of it may still break off.
    counting.on('error', () => {});
    payload.on('error', (error) => counting.destroy(error));
    done(null, payload.pipe(counting));
  });
}

/** Takes bytes that a packed body became, beyond those that no request is counted for. Errors: `exhausted`. */
export function takeUnpacked(request: FastifyRequest, bytes: number): void {
  shares.get(request)?.take(bytes);
}

/** To be called when the request is answered or refused. Idempotent. */
export function releaseBody(request: FastifyRequest): void {
  request.body = undefined;
  shares.get(request)?.[Symbol.dispose]();
}

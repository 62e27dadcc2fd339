export * from './replica-calls.ts';
export * from './replica-client.ts';

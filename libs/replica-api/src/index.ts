export * from './replica-client.ts';

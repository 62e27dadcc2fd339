export * from './answer-parts.ts';
export * from './frames.ts';
export * from './peer-conversation.ts';
export * from './peer-service.ts';
export * from './replica-client.ts';

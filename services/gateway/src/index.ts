export { createGateway, type Gateway, type GatewayOptions } from './create-gateway.ts';
export { createGatewayCore, type OwnedGatewayCore } from './create-gateway-core.ts';
export type { GatewayConfig } from './gateway-config.ts';
export type { GatewayCore } from './gateway-core.ts';
export type { Guard } from './replicas/breaker.ts';
export type { PeerLink } from './replicas/replica-directory.ts';

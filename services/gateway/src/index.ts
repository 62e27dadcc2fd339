export { createGateway, type Gateway, type GatewayOptions } from './create-gateway.ts';
export { GATEWAY_DEFAULTS, type GatewayConfig } from './gateway-config.ts';

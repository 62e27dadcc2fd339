export { introduceTo } from './introduction.ts';
export { PeerConnection, type PeerConnectionOptions } from './peer-connection.ts';
export { type PeerServer, type PeerServerOptions, startPeerServer } from './peer-server.ts';

export type { IncomingCall } from './answering-call.ts';
export type { BytePort, BytePortEvents } from './byte-port.ts';
export {
  type AnswerCall,
  BODY_BYTES_MAX,
  type CallOptions,
  Channel,
  type ChannelOptions,
} from './channel.ts';
export { UNHELD_BYTES_MAX } from './collected-answer.ts';
export { WINDOW_BYTES } from './window.ts';

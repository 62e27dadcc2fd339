export { LsaModel } from './lsa-model.ts';
export { decodeModel, encodeModel } from './model-codec.ts';
export { tokenise } from './tokenise.ts';
export { type TrainOptions, train } from './train.ts';

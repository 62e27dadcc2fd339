export { DIMENSIONS, passageVector, trainOnPassages } from './embedding.ts';
export { extractPassages } from './extract-passages.ts';
export type { Passage } from './passage.ts';

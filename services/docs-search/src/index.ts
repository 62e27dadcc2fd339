export { extractPassages } from './extract-passages.ts';
export type { Passage } from './passage.ts';

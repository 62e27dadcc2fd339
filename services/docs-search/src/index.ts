export { extractPassages } from './extract-passages.ts';
export { embeddedText, type Passage } from './passage.ts';

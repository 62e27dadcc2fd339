// A bug planted on purpose: one piece of text in one source file, replaced. The tests it names are expected to fail.

export interface Mutant {
  /** What the product then does wrong. */
  readonly name: string;
  /** The room of the house it is in, for the report and for running a part of them. */
  readonly room: string;
  /** From the root. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly from: string;
  readonly to: string;
  /** Test files from the root, the likeliest first: one that fails is enough. */
  readonly tests: readonly string[];
}

/** Where the file does not have the text exactly once; undefined where the mutant can be planted. */
export function problemOf({ file, from, to, name }: Mutant, text: string): string | undefined {
  const places = text.split(from).length - 1;
  if (places !== 1) return `${name}: ${file} has its text ${places} times`;
  return from === to ? `${name}: changes nothing` : undefined;
}

export function planted({ from, to }: Mutant, text: string): string {
  return text.replace(from, () => to);
}

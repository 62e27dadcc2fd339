// Takes out of a line of Markdown, or of a doc comment that holds some, what is for the eye.

/** The line without targets of links, emphasis, HTML tags and the bars of a table. */
export function plainText(line: string): string {
  return line
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/!?\[([^\]]*)\]\[[^\]]*\]/g, '$1')
    .replace(/<!--.*?-->/g, ' ')
    .replace(/<\/[A-Za-z][^>]*>/g, '')
    .replace(/<[A-Za-z][^>]*>/g, ' ')
    .replace(/\*\*|__|`/g, '')
    .replace(/^\s*>\s?/, '')
    .replace(/^\s*\|.*$/, (row) => row.replaceAll('|', ' '));
}

// One line a step on standard output; on a terminal the line counts seconds while the step runs.

/** What the user can put right; printed without a stack. */
export class SetupError extends Error {}

/**
 * Runs `body(progress)` and prints how it ended. `body` returns the detail to print, or `{ detail, value }`; the value
 * is returned. `progress(text)` says what the step is about to do.
 */
export async function step(name, body) {
  const startedMs = Date.now();
  let doing = '';
  const seconds = () => Math.round((Date.now() - startedMs) / 1000);
  const isTerminal = process.stdout.isTTY === true;
  const line = (text) => `setup  ${name.padEnd(13)} ${text}`;
  const redraw = () => process.stdout.write(`\r\x1b[2K${line(`${doing} … ${seconds()} s`)}`);
  let timer;
  const progress = (text) => {
    doing = text;
    if (isTerminal) {
      redraw();
      timer ??= setInterval(redraw, 1000);
    } else {
      console.log(line(`${text} …`));
    }
  };
  try {
    const result = await body(progress);
    const detail = typeof result === 'string' ? result : result.detail;
    const took = seconds() >= 1 ? ` (${seconds()} s)` : '';
    console.log(`${timer ? '\r\x1b[2K' : ''}${line(`${detail}${took}`)}`);
    return typeof result === 'string' ? undefined : result.value;
  } catch (error) {
    if (timer) process.stdout.write('\r\x1b[2K');
    throw error;
  } finally {
    clearInterval(timer);
  }
}

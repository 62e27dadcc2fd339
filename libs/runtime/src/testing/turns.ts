// How often the thread turns to other work while something is done.

/** The result of the work, and the turns of the event loop until it came. */
export async function turnsDuring<T>(
  work: () => T | Promise<T>,
): Promise<{ readonly result: T; readonly turns: number }> {
  let turns = 0;
  let isOver = false;
  const watch = () => {
    turns++;
    if (!isOver) setImmediate(watch);
  };
  setImmediate(watch);
  try {
    return { result: await work(), turns };
  } finally {
    isOver = true;
  }
}

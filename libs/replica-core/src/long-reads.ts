// Reads that take several slices of the thread, and the commits that must not come between two of them: a read shows
// one state of the replica, however long it takes. A large commit takes several slices, too.
//
//   reads under way ──(a commit asks)──► later ones wait ──(the last ends)──► the commit is made ──► the others go on
//
// Invariant: no commit while a read is under way, no read while a commit is, and each commit waits for no read that was
// asked for after it.

export class LongReads {
  #underWay = 0;
  #commit: PromiseWithResolvers<void> | undefined;
  #ended: PromiseWithResolvers<void> | undefined;
  #isCommitting = false;

  /** Whether a commit is being made: reads that take no slices have to wait, too. */
  get isCommitting(): boolean {
    return this.#isCommitting;
  }

  /** Begins a read; disposing of it ends it. */
  async begin(): Promise<Disposable> {
    while (this.#commit !== undefined) await this.#commit.promise;
    this.#underWay++;
    return { [Symbol.dispose]: () => this.#end() };
  }

  /** Makes the commit once no read is under way. One commit at a time. */
  async whileNone(commit: () => void | Promise<void>): Promise<void> {
    if (this.#underWay > 0) {
      this.#commit = Promise.withResolvers();
      this.#ended = Promise.withResolvers();
      await this.#ended.promise;
    }
    this.#isCommitting = true;
    try {
      const making = commit();
      if (making === undefined) return;
      this.#commit ??= Promise.withResolvers();
      await making;
    } finally {
      this.#isCommitting = false;
      this.#commit?.resolve();
      this.#commit = undefined;
    }
  }

  #end(): void {
    this.#underWay--;
    if (this.#underWay > 0) return;
    this.#ended?.resolve();
    this.#ended = undefined;
  }
}

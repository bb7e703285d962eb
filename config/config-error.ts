/** A config or settings that can't be started with: every problem found, each with what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(where: string, problems: readonly string[], options?: ErrorOptions) {
    const listed = problems.map((problem) => `\n- ${problem}`).join('')
    super(
      `${where}: ${problems.length === 1 ? 'one problem' : `${problems.length} problems`}${listed}`,
      options,
    )
    this.problems = problems
  }
}

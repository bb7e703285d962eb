/** The names in an expression, as MySQL writes it: quoted, whoever wrote it. */
export function namesQuoted(expression: string | undefined): string[] {
  return [...(expression ?? '').matchAll(/`((?:[^`]|``)+)`/g)].map(([, name]) =>
    name!.replaceAll('``', '`'),
  )
}

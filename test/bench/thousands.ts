export function thousands(value: number): string {
  return Math.round(value).toLocaleString('en')
}

import { join } from 'node:path'
import { onPath, run } from '../../setup/command.ts'

/** Java's own tool, which is wherever a broker runs; openssl is not. */
const keytool = () => {
  const found = onPath('keytool')
  if (found === undefined) throw new Error('There is no keytool on the PATH: it comes with Java')
  return found
}
const limitMs = 30_000
const password = 'changeit'

export interface Certificates {
  /** For the broker's own certificate, for 127.0.0.1 alone. */
  readonly keystore: string
  readonly password: string
  /** The authority that it comes from, in a PEM file. */
  readonly caFile: string
}

/** Makes an authority and a broker's certificate of it, valid for a day. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const both = join(folder, 'both.p12')
  const keystore = join(folder, 'broker.p12')
  const caFile = join(folder, 'ca.pem')
  const tool = (...args: string[]) => run(keytool(), args, { limitMs })
  const generate = (alias: string, ...options: string[]) =>
    tool(
      ...['-genkeypair', '-alias', alias, '-dname', `CN=${alias}`, '-validity', '1'],
      ...['-keyalg', 'EC', '-groupname', 'secp256r1', ...options],
      ...['-keystore', both, '-storepass', password],
    )
  await generate('authority', '-ext', 'bc:c')
  await generate('broker', '-signer', 'authority', '-ext', 'san=ip:127.0.0.1')
  await Promise.all([
    // With the authority's key beside it a broker may pick that one.
    tool(
      ...[
        '-importkeystore',
        '-srcalias',
        'broker',
        '-srckeystore',
        both,
        '-destkeystore',
        keystore,
      ],
      ...['-srcstorepass', password, '-deststorepass', password],
    ),
    tool(
      ...['-exportcert', '-rfc', '-alias', 'authority', '-file', caFile],
      ...['-keystore', both, '-storepass', password],
    ),
  ])
  return { keystore, password, caFile }
}

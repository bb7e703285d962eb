import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { provideKafka } from '../../setup/kafka/provide.ts'
import { freePort } from '../../setup/port.ts'
import { type Certificates, makeCertificates } from './certificates.ts'

export const user = 'sluice'
export const userPassword = 'correct-horse_1'

export interface SecureBroker {
  /** Without any security, for what the test itself does. */
  readonly plaintext: string
  /** Demands TLS. */
  readonly tls: string
  /** Demands TLS and a user's password, by any mechanism. */
  readonly saslTls: string
  readonly certificates: Certificates
  stop(): Promise<void>
}

/** A broker of its own with listeners that demand TLS and passwords. */
export async function startSecureBroker(dataDir: string): Promise<SecureBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-secure-'))
  const certificates = await makeCertificates(folder)
  const [tlsPort, saslPort] = [await freePort(), await freePort()]
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule'
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule'
  const kafka = await provideKafka({
    dataDir,
    instance: folder,
    extras: {
      listeners: {
        TLS: { protocol: 'SSL', port: tlsPort },
        SASLTLS: { protocol: 'SASL_SSL', port: saslPort },
      },
      properties: {
        'ssl.keystore.location': certificates.keystore,
        'ssl.keystore.type': 'PKCS12',
        'ssl.keystore.password': certificates.password,
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'allow.everyone.if.no.acl.found': 'true',
        // The broker itself, and the test.
        'super.users': 'User:ANONYMOUS',
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'listener.name.sasltls.plain.sasl.jaas.config': `${plain} required user_${user}="${userPassword}";`,
        'listener.name.sasltls.scram-sha-256.sasl.jaas.config': `${scram} required;`,
        'listener.name.sasltls.scram-sha-512.sasl.jaas.config': `${scram} required;`,
      },
      scramUsers: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
        (mechanism) => `${mechanism}=[name=${user},password=${userPassword}]`,
      ),
    },
  })
  return {
    plaintext: kafka.brokers[0]!,
    tls: `127.0.0.1:${tlsPort}`,
    saslTls: `127.0.0.1:${saslPort}`,
    certificates,
    async stop() {
      await kafka.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

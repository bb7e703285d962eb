/** SHA-256 of what is given to it bit by bit. Every runtime has one built in. */
export interface Digest {
  update(bytes: Uint8Array | string): void
  /** Of all of it, in base64url: 43 characters. Nothing can be added after. */
  finish(): string
}

export type NewDigest = () => Digest

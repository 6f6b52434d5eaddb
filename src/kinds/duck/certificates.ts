// Whether a text is a certificate in PEM, as far as can be told by its form.

const BLOCK = /-----BEGIN ([^-]+)-----\s*([A-Za-z0-9+/=\s]*?)-----END \1-----/;

/** What Knative says of certificates that are none, by the first PEM block; undefined where nothing is wrong. */
export function certificateFault(pem: string): string | undefined {
  const block = BLOCK.exec(pem);
  if (!block) return 'CA Cert provided is invalid';
  if (block[1] !== 'CERTIFICATE') return 'CA Cert provided is not a certificate';
  return isSequence(block[2] ?? '') ? undefined : 'CA Cert provided is invalid';
}

/** Whether base64 text is one DER sequence and nothing else. */
function isSequence(base64: string): boolean {
  const der = decoded(base64);
  const first = der.charCodeAt(1);
  if (der.charCodeAt(0) !== 0x30 || Number.isNaN(first)) return false;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  let length = first < 0x80 ? first : 0;
  for (let i = 0; i < lengthBytes; i++) length = length * 256 + der.charCodeAt(2 + i);
  return der.length === 2 + lengthBytes + length;
}

function decoded(base64: string): string {
  try {
    return atob(base64.replaceAll(/\s/g, ''));
  } catch {
    return '';
  }
}

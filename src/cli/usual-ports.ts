// The ports a platform takes unless told otherwise, and the flags that tell it.

export const USUAL_PORTS = [
  { name: 'api', what: 'API', flag: '--port-api', port: 6443, serves: 'Kubernetes API' },
  { name: 'gateway', what: 'gateway', flag: '--port-gateway', port: 8080, serves: 'gateway, http and h2c' },
  { name: 'gatewayTls', what: 'gateway with TLS', flag: '--port-gateway-tls', port: 8443, serves: 'gateway, https' },
  { name: 'console', what: 'console', flag: '--port-console', port: 9090, serves: 'console and metrics' },
  { name: 'registry', what: 'registry', flag: '--port-registry', port: 5050, serves: 'image registry' },
] as const;

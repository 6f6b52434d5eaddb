// Clusters of Kafka in memory, by the fake that franz-go's own tests use: plain, with TLS, asking for a password, and one that can be
// closed. It prints where they are as a line of JSON. A line of input closes the cluster that it names; the end of input ends all.
package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

var source string

func main() {
	_ = source
	pair, authority := certificate()
	kinds := map[string][]kfake.Opt{
		"plain":  {kfake.NumBrokers(2)},
		"doomed": {kfake.NumBrokers(1)},
		"sasl": {
			kfake.NumBrokers(1),
			kfake.EnableSASL(),
			kfake.Superuser("PLAIN", "ann", "secret"),
			kfake.Superuser("SCRAM-SHA-256", "bob", "secret"),
			kfake.Superuser("SCRAM-SHA-512", "cyd", "secret"),
		},
		"tls": {kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}})},
	}
	clusters := map[string]*kfake.Cluster{}
	addresses := map[string][]string{}
	for name, options := range kinds {
		cluster, err := kfake.NewCluster(options...)
		must(err)
		clusters[name] = cluster
		addresses[name] = cluster.ListenAddrs()
	}
	line, err := json.Marshal(map[string]any{"clusters": addresses, "authority": authority})
	must(err)
	fmt.Println(string(line))
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		if cluster, found := clusters[input.Text()]; found {
			cluster.Close()
		}
	}
}

// A certificate for this machine that is its own authority.
func certificate() (tls.Certificate, string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "kafka"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:              []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(err)
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, text
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// load FOLDER TRANSACTIONS WORKERS PREFIX: submits transactions through every peer of what `heddle sdk-config`
// wrote, each waiting for its commit, and prints the seconds that all of them took.
package main

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/hash"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
)

// config is gateway.json; paths are relative to it.
type config struct {
	MspID    string
	Identity struct{ Certificate, PrivateKey string }
	Peers    []struct{ Endpoint, TLSServerName, TLSRootCertificates string }
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func read(folder, name string) []byte {
	content, err := os.ReadFile(filepath.Join(folder, name))
	check(err)
	return content
}

// contracts are one way to the chaincode per peer.
func contracts(folder string) []*client.Contract {
	var found config
	check(json.Unmarshal(read(folder, "gateway.json"), &found))
	certificate, err := identity.CertificateFromPEM(read(folder, found.Identity.Certificate))
	check(err)
	member, err := identity.NewX509Identity(found.MspID, certificate)
	check(err)
	key, err := identity.PrivateKeyFromPEM(read(folder, found.Identity.PrivateKey))
	check(err)
	sign, err := identity.NewPrivateKeySign(key)
	check(err)
	var all []*client.Contract
	for _, peer := range found.Peers {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(read(folder, peer.TLSRootCertificates)) {
			check(errors.New("no TLS root certificate"))
		}
		secured := credentials.NewClientTLSFromCert(roots, peer.TLSServerName)
		connection, err := grpc.NewClient(peer.Endpoint, grpc.WithTransportCredentials(secured))
		check(err)
		gateway, err := client.Connect(
			member, client.WithSign(sign), client.WithHash(hash.SHA256), client.WithClientConnection(connection),
			client.WithCommitStatusTimeout(20*time.Second),
		)
		check(err)
		all = append(all, gateway.GetNetwork("channel").GetContract("load"))
	}
	return all
}

// submit tries again for a minute, as clients must: a gateway may have no orderer just after a roll, and orderers may
// lose what they took while their leader changes, which shows as a commit that never comes.
func submit(contract *client.Contract, key string) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		_, err := contract.SubmitTransaction("put", key)
		code := status.Code(err)
		if code != codes.Unavailable && code != codes.DeadlineExceeded || time.Now().After(deadline) {
			return err
		}
	}
}

func main() {
	ways := contracts(os.Args[1])
	transactions, err := strconv.ParseInt(os.Args[2], 10, 64)
	check(err)
	workers, err := strconv.Atoi(os.Args[3])
	check(err)
	var begun atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for worker := range workers {
		group.Go(func() {
			for number := begun.Add(1); number <= transactions; number = begun.Add(1) {
				key := fmt.Sprintf("%s-%d", os.Args[4], number)
				check(submit(ways[worker%len(ways)], key))
			}
		})
	}
	group.Wait()
	fmt.Println(time.Since(start).Seconds())
}

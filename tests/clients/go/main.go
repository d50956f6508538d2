// The official Go Gateway client: `clients FOLDER ID`, where FOLDER is what `heddle sdk-config` wrote.
// Submits, reads, listens, and prints one JSON document.
package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/hash"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// config is gateway.json; paths are relative to it.
type config struct {
	MspID    string `json:"mspId"`
	Identity struct {
		Certificate string `json:"certificate"`
		PrivateKey  string `json:"privateKey"`
	} `json:"identity"`
	Peers []struct {
		Endpoint            string `json:"endpoint"`
		TLSServerName       string `json:"tlsServerName"`
		TLSRootCertificates string `json:"tlsRootCertificates"`
	} `json:"peers"`
}

type folder string

func (f folder) read(name string) []byte {
	content, err := os.ReadFile(filepath.Join(string(f), name))
	check(err)
	return content
}

func (f folder) connect() (*client.Gateway, *grpc.ClientConn) {
	var found config
	check(json.Unmarshal(f.read("gateway.json"), &found))
	peer := found.Peers[0]
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(f.read(peer.TLSRootCertificates)) {
		check(errors.New("no TLS root certificate"))
	}
	connection, err := grpc.NewClient(
		peer.Endpoint,
		grpc.WithTransportCredentials(credentials.NewClientTLSFromCert(roots, peer.TLSServerName)),
	)
	check(err)
	certificate, err := identity.CertificateFromPEM(f.read(found.Identity.Certificate))
	check(err)
	member, err := identity.NewX509Identity(found.MspID, certificate)
	check(err)
	key, err := identity.PrivateKeyFromPEM(f.read(found.Identity.PrivateKey))
	check(err)
	sign, err := identity.NewPrivateKeySign(key)
	check(err)
	gateway, err := client.Connect(
		member,
		client.WithSign(sign),
		client.WithHash(hash.SHA256),
		client.WithClientConnection(connection),
		client.WithEvaluateTimeout(20*time.Second),
		client.WithEndorseTimeout(30*time.Second),
		client.WithSubmitTimeout(20*time.Second),
		client.WithCommitStatusTimeout(60*time.Second),
	)
	check(err)
	return gateway, connection
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// refusal is what the client says of a transaction that no peer endorses.
func refusal(contract *client.Contract, id string) string {
	_, err := contract.SubmitTransaction("transfer", id+"-absent", "bob")
	var endorsing *client.EndorseError
	if !errors.As(err, &endorsing) {
		check(fmt.Errorf("expected an EndorseError, got %w", err))
	}
	return endorsing.Error()
}

func main() {
	id := os.Args[2]
	gateway, connection := folder(os.Args[1]).connect()
	defer connection.Close()
	defer gateway.Close()
	network := gateway.GetNetwork("channel")
	contract := network.GetContract("assets")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	events, err := network.ChaincodeEvents(ctx, "assets")
	check(err)

	put, commit, err := contract.SubmitAsync("put", client.WithArguments(id, "ada", "7"))
	check(err)
	status, err := commit.Status()
	check(err)
	got, err := contract.EvaluateTransaction("get", id)
	check(err)
	event, open := <-events
	if !open {
		check(errors.New("no event within a minute"))
	}

	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"put":        json.RawMessage(put),
		"got":        json.RawMessage(got),
		"successful": status.Successful,
		"block":      status.BlockNumber,
		"event":      map[string]any{"name": event.EventName, "block": event.BlockNumber},
		"refusal":    refusal(contract, id),
	}))
}

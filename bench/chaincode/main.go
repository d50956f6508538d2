// The chaincode under load: it writes one key of about 200 bytes.
package main

import (
	"os"
	"strings"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
)

type contract struct{}

func (contract) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

func (contract) Invoke(stub shim.ChaincodeStubInterface) *peer.Response {
	_, parameters := stub.GetFunctionAndParameters()
	if err := stub.PutState(parameters[0], []byte(strings.Repeat("x", 200))); err != nil {
		return shim.Error(err.Error())
	}
	return shim.Success(nil)
}

func main() {
	key, err := os.ReadFile(os.Getenv("CHAINCODE_TLS_KEY"))
	if err != nil {
		panic(err)
	}
	certificate, err := os.ReadFile(os.Getenv("CHAINCODE_TLS_CERT"))
	if err != nil {
		panic(err)
	}
	server := shim.ChaincodeServer{
		CCID:     os.Getenv("CHAINCODE_ID"),
		Address:  os.Getenv("CHAINCODE_SERVER_ADDRESS"),
		CC:       contract{},
		TLSProps: shim.TLSProperties{Key: key, Cert: certificate},
	}
	if err := server.Start(); err != nil {
		panic(err)
	}
}

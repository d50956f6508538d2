"""Infrastructure as code for Hyperledger Fabric on Kubernetes."""

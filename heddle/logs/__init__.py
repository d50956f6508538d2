"""Read the logs of an instance: orderers, peers, databases and chaincode servers, in the order of time."""

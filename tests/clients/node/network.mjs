// A connection to the network as an application makes it, from the folder that `heddle sdk-config` wrote.
import * as grpc from '@grpc/grpc-js';
import { connect, hash, signers } from '@hyperledger/fabric-gateway';
import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

export class Folder {
  constructor(folder) {
    this.folder = folder;
  }

  async read(name) {
    return readFile(path.join(this.folder, name));
  }

  async load() {
    this.config = JSON.parse(await this.read('gateway.json'));
    return this;
  }

  /** gRPC to a peer of the organization; `peer` counts from 0. */
  async client(peer = 0) {
    const { endpoint, tlsRootCertificates, tlsServerName } = this.config.peers[peer];
    const credentials = grpc.credentials.createSsl(await this.read(tlsRootCertificates));
    return new grpc.Client(endpoint, credentials, { 'grpc.ssl_target_name_override': tlsServerName });
  }

  async identity() {
    const { mspId, identity } = this.config;
    return { mspId, credentials: await this.read(identity.certificate) };
  }

  async signer() {
    const key = await this.read(this.config.identity.privateKey);
    return signers.newPrivateKeySigner(createPrivateKey(key));
  }

  /** `signed: false` gives a gateway that can sign nothing: for signing elsewhere. */
  async gateway(client, { signed = true } = {}) {
    const soon = (seconds) => () => ({ deadline: Date.now() + seconds * 1000 });
    return connect({
      client,
      identity: await this.identity(),
      ...(signed ? { signer: await this.signer() } : {}),
      hash: hash.sha256,
      evaluateOptions: soon(20),
      endorseOptions: soon(30),
      submitOptions: soon(20),
      commitStatusOptions: soon(60),
    });
  }
}

/** What an error says, as JSON. */
export function told(error) {
  const { name, code, details, message, transactionId } = error;
  return { name, code, details, message, transactionId };
}

/** The first `count` of an event stream, which is then closed; an error after `seconds`. */
export async function first(count, events, seconds = 60) {
  const timer = setTimeout(() => events.close(), seconds * 1000);
  const found = [];
  try {
    for await (const event of events) {
      found.push(event);
      if (found.length === count) return found;
    }
  } finally {
    clearTimeout(timer);
    events.close();
  }
  throw new Error(`${found.length} of ${count} events in ${seconds} s`);
}

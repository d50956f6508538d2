// The official Gateway client: `node client.mjs FOLDER SCENARIO ID`. Prints one JSON document.
import { checkpointers } from '@hyperledger/fabric-gateway';
import { Folder, first, told } from './network.mjs';

const text = (bytes) => Buffer.from(bytes).toString();
const parsed = (bytes) => JSON.parse(text(bytes));
const caught = (promise) => promise.then(() => ({ name: 'none' }), told);

/** Wait until a peer of each organization has the asset: the transaction is committed by one of them so far. */
const seen = async (contract, id, organizations) => {
  for (const organization of organizations) {
    const asked = { arguments: [id], endorsingOrganizations: [organization] };
    while ((await caught(contract.evaluate('get', asked))).name !== 'none');
  }
};

const scenarios = {
  /** Commit a transaction, read the state. */
  async submit({ contract, id }) {
    const put = parsed(await contract.submitTransaction('put', id, 'ada', '7'));
    const got = parsed(await contract.evaluateTransaction('get', id));
    return { put, got };
  },

  /** Submit without waiting, then ask what became of it; again with another commit object. */
  async status({ contract, gateway, id }) {
    const commit = await contract.submitAsync('put', { arguments: [id, 'ada', '7'] });
    const status = await commit.getStatus();
    const again = await gateway.newCommit(commit.getBytes()).getStatus();
    const shown = (one) => ({ ...one, blockNumber: Number(one.blockNumber) });
    return {
      result: parsed(commit.getResult()),
      transactionId: commit.getTransactionId(),
      status: shown(status),
      again: shown(again),
    };
  },

  /** Chaincode events: live, replayed from a block, and resumed after a checkpoint. */
  async events({ contract, network, id }) {
    const live = await network.getChaincodeEvents('assets');
    const blocks = [];
    for (const number of [0, 1, 2]) {
      const commit = await contract.submitAsync('put', { arguments: [`${id}-${number}`, 'ada', `${number}`] });
      const status = await commit.getStatus();
      blocks.push(Number(status.blockNumber));
    }
    const shown = (event) => ({
      block: Number(event.blockNumber),
      transactionId: event.transactionId,
      chaincode: event.chaincodeName,
      name: event.eventName,
      payload: parsed(event.payload),
    });
    const mine = (events) => events.map(shown).filter((event) => event.payload.id.startsWith(id));
    const seen = await first(3, live);
    const replayed = await first(3, await network.getChaincodeEvents('assets', { startBlock: BigInt(blocks[0]) }));
    const checkpoint = checkpointers.inMemory();
    await checkpoint.checkpointChaincodeEvent(seen[0]);
    const resumed = await first(2, await network.getChaincodeEvents('assets', { checkpoint }));
    return { blocks, live: mine(seen), replayed: mine(replayed), resumed: mine(resumed) };
  },

  /** Whole blocks, filtered blocks, blocks with private data; from the first one, and the next to come. */
  async blocks({ contract, network, id }) {
    const next = await network.getBlockEvents();
    const commit = await contract.submitAsync('put', { arguments: [id, 'ada', '7'] });
    const { blockNumber } = await commit.getStatus();
    const number = (block) => Number(block.getHeader().getNumber());
    const [live] = await first(1, next);
    const whole = await first(2, await network.getBlockEvents({ startBlock: 0n }));
    const [filtered] = await first(1, await network.getFilteredBlockEvents({ startBlock: blockNumber }));
    return {
      committed: Number(blockNumber),
      live: number(live),
      whole: whole.map(number),
      filtered: {
        number: Number(filtered.getNumber()),
        channel: filtered.getChannelId(),
        transactions: filtered.getFilteredTransactionsList().map((one) => [one.getTxid(), one.getTxValidationCode()]),
      },
      transactionId: commit.getTransactionId(),
    };
  },

  /** Private data: given as transient data, read by a member, and in the members' stream of blocks. */
  async privateData({ network, id }) {
    const contract = network.getContract('priced');
    const next = await network.getBlockAndPrivateDataEvents();
    const commit = await contract.submitAsync('putPrice', { arguments: [id], transientData: { price: '95' } });
    const { blockNumber, successful } = await commit.getStatus();
    const [found] = await first(1, next);
    const writes = [...found.getPrivateDataMapMap().entries()].map(([, data]) =>
      data.getNsPvtRwsetList().flatMap((of) =>
        of.getCollectionPvtRwsetList().map((one) => [of.getNamespace(), one.getCollectionName()]),
      ),
    );
    return {
      successful,
      price: text(await contract.evaluateTransaction('getPrice', id)),
      committed: Number(blockNumber),
      block: Number(found.getBlock().getHeader().getNumber()),
      writes: writes.flat(),
    };
  },

  /** What went wrong, and who says so: errors of each step are of its own class, with the nodes' words. */
  async errors({ contract, gateway, network, id }) {
    const elsewhere = gateway.getNetwork('nowhere').getContract('assets');
    return {
      evaluate: await caught(contract.evaluateTransaction('get', id)),
      endorse: await caught(contract.submitTransaction('transfer', id, 'bob')),
      chaincode: await caught(network.getContract('absent').evaluateTransaction('get', id)),
      channel: await caught(elsewhere.evaluateTransaction('get', id)),
      organizations: await caught(
        contract.submit('put', { arguments: [id, 'ada', '1'], endorsingOrganizations: ['NobodyMSP'] }),
      ),
    };
  },

  /** Two changes of one asset, both endorsed before either is committed: the second is invalid. */
  async conflict({ contract, id }) {
    await contract.submitTransaction('put', id, 'ada', '1');
    await seen(contract, id, ['AlphaMSP', 'BetaMSP']);
    const endorsed = [];
    for (const owner of ['bob', 'eve']) {
      endorsed.push(await contract.newProposal('transfer', { arguments: [id, owner] }).endorse());
    }
    const codes = [];
    for (const transaction of endorsed) {
      const status = await (await transaction.submit()).getStatus();
      codes.push({ code: status.code, successful: status.successful });
    }
    return { codes, owner: parsed(await contract.evaluateTransaction('get', id)).owner };
  },

  /** Every signature is made by another gateway's signer: bytes and digests go back and forth. */
  async offline({ folder, client, id }) {
    const unsigned = await folder.gateway(client, { signed: false });
    const sign = await folder.signer();
    const contract = unsigned.getNetwork('channel').getContract('assets');
    const proposal = contract.newProposal('put', { arguments: [id, 'ada', '7'] });
    const refused = await caught(proposal.endorse());
    const signedProposal = unsigned.newSignedProposal(proposal.getBytes(), await sign(proposal.getDigest()));
    const transaction = await signedProposal.endorse();
    const signedTransaction = unsigned.newSignedTransaction(
      transaction.getBytes(),
      await sign(transaction.getDigest()),
    );
    const commit = await signedTransaction.submit();
    const signedCommit = unsigned.newSignedCommit(commit.getBytes(), await sign(commit.getDigest()));
    const status = await signedCommit.getStatus();
    const forged = unsigned.newSignedProposal(proposal.getBytes(), await sign(transaction.getDigest()));
    const query = contract.newProposal('get', { arguments: [id] });
    const signedQuery = unsigned.newSignedProposal(query.getBytes(), await sign(query.getDigest()));
    return {
      refused,
      successful: status.successful,
      got: parsed(await signedQuery.evaluate()),
      forged: await caught(forged.endorse()),
    };
  },
};

const [path, scenario, id] = process.argv.slice(2);
const folder = await new Folder(path).load();
const client = await folder.client();
const gateway = await folder.gateway(client);
try {
  const network = gateway.getNetwork('channel');
  const contract = network.getContract('assets');
  console.log(JSON.stringify(await scenarios[scenario]({ folder, client, gateway, network, contract, id })));
} finally {
  gateway.close();
  client.close();
}

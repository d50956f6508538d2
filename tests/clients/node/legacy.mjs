// The SDK of Fabric 2.2, on the connection profile: `node legacy.mjs FOLDER ID [discovery]`. Prints JSON.
// It has no other way to more than one organization than discovery or the profile's own list of peers.
import fabricNetwork from 'fabric-network';
import { readFile } from 'node:fs/promises';
import path from 'node:path';

const [folder, id, discovery] = process.argv.slice(2);
const read = (name) => readFile(path.join(folder, name), 'utf8');
const profile = JSON.parse(await read('connection-profile.json'));
const { mspId, identity } = JSON.parse(await read('gateway.json'));

const wallet = await fabricNetwork.Wallets.newInMemoryWallet();
await wallet.put('user', {
  credentials: { certificate: await read(identity.certificate), privateKey: await read(identity.privateKey) },
  mspId,
  type: 'X.509',
});
const gateway = new fabricNetwork.Gateway();
await gateway.connect(profile, {
  identity: 'user',
  wallet,
  discovery: { enabled: discovery === 'discovery', asLocalhost: false },
});
try {
  const network = await gateway.getNetwork('channel');
  const contract = network.getContract('assets');
  const put = JSON.parse(await contract.submitTransaction('put', id, 'ada', '7'));
  const got = JSON.parse(await contract.evaluateTransaction('get', id));
  console.log(JSON.stringify({ put, got }));
} finally {
  gateway.disconnect();
}

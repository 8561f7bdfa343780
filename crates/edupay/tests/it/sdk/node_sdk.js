// Drives Ping++'s own Node SDK, unchanged but for the host, against the sandbox.
//
//   NODE_PATH=<…/node_modules> node node_sdk.js BASE_URL DATA_DIR
//
// Prints "ok" and ends with 0 when every step answered as Ping++ does.

'use strict';

const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');

const [baseUrl, dataDir] = process.argv.slice(2);
const base = new URL(baseUrl);
const APP_ID = 'app_edupay0000000000';

const pingpp = require('pingpp')('sk_test_edupay000000000000000000');
pingpp.setHost(base.hostname, base.port, 'http');
pingpp.setPrivateKeyPath(path.join(dataDir, 'sandbox', 'merchant_private.pem'));

// The SDK's example of verifying a webhook.
function verify(body, signature) {
  const key = fs.readFileSync(path.join(dataDir, 'sandbox', 'pingpp_public.pem'), 'utf8');
  return crypto.createVerify('RSA-SHA256').update(body, 'utf8').verify(key, signature, 'base64');
}

function call(method, target, document) {
  return new Promise((resolve, reject) => {
    const request = http.request(new URL(target, baseUrl), { method, agent: false }, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (part) => { text += part; });
      reply.on('end', () => resolve(text));
    });
    request.on('error', reject);
    request.end(document === undefined ? undefined : JSON.stringify(document));
  });
}

const received = [];
const receiver = http.createServer((request, reply) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    received.push({ body, signature: request.headers['x-pingplusplus-signature'] });
    reply.end();
  });
});

async function waitForWebhook(type, id) {
  for (let round = 0; round < 400; round += 1) {
    const found = received.find(({ body }) => {
      const event = JSON.parse(body);
      return event.type === type && event.data.object.id === id;
    });
    if (found) return found;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  throw new Error(`no webhook ${type} of ${id}`);
}

function create(orderNo, more) {
  return pingpp.charges.create(Object.assign({
    order_no: orderNo,
    app: { id: APP_ID },
    channel: 'alipay',
    amount: 9900,
    client_ip: '127.0.0.1',
    currency: 'cny',
    subject: 'collection的使用',
    body: orderNo,
    extra: {},
    metadata: { names: 'collection的使用' },
  }, more));
}

async function main() {
  await new Promise((resolve) => { receiver.listen(0, '127.0.0.1', resolve); });
  await call('PUT', '/sandbox/webhook', { url: `http://127.0.0.1:${receiver.address().port}/` });

  // Create: the same content again is the same charge.
  const charge = await create('12134676899915430202');
  assert.match(charge.id, /^ch_[0-9A-Za-z]{24}$/);
  assert.strictEqual(charge.paid, false);
  assert.ok(charge.credential.alipay.orderInfo.includes('12134676899915430202'));
  assert.strictEqual((await create('12134676899915430202')).id, charge.id);

  // Retrieve, also with the query that the SDK appends.
  assert.strictEqual((await pingpp.charges.retrieve(charge.id)).order_no, '12134676899915430202');
  const expanded = await pingpp.charges.retrieve(charge.id, { expand: ['app'] });
  assert.strictEqual(expanded.app.id, APP_ID);

  // Pay as the test mode does, and verify the webhook as the SDK's example does.
  assert.strictEqual(await call('GET', `/notify/charges/${charge.id}?livemode=false`), 'success');
  const paid = await waitForWebhook('charge.succeeded', charge.id);
  assert.ok(verify(paid.body, paid.signature), "the webhook's signature does not verify");
  assert.ok(!verify(`${paid.body}\n`, paid.signature), 'a changed webhook verifies');
  const event = await pingpp.events.retrieve(JSON.parse(paid.body).id);
  assert.strictEqual(event.type, 'charge.succeeded');

  // List.
  const other = await create('12134676899915430203', { channel: 'wx' });
  const list = await pingpp.charges.list({ app: { id: APP_ID }, limit: 10, paid: true });
  assert.ok(list.data.some(({ id }) => id === charge.id));
  assert.ok(!list.data.some(({ id }) => id === other.id));

  // Refund a part, then the rest.
  const refund = await pingpp.charges.createRefund(charge.id, { amount: 100, description: '部分退款' });
  assert.strictEqual(refund.status, 'pending');
  const refunded = await waitForWebhook('refund.succeeded', refund.id);
  assert.ok(verify(refunded.body, refunded.signature));
  const found = await pingpp.charges.retrieveRefund(charge.id, refund.id);
  assert.strictEqual(found.succeed, true);
  const rest = await pingpp.charges.createRefund(charge.id, { description: 'rest' });
  assert.strictEqual(rest.amount, 9800);
  await assert.rejects(pingpp.charges.createRefund(charge.id, { amount: 1, description: 'x' }));
  assert.strictEqual((await pingpp.charges.listRefunds(charge.id)).data.length, 2);

  // Reverse an unpaid charge; a paid one is refused.
  assert.strictEqual((await pingpp.charges.reverse(other.id, {})).reversed, true);
  await assert.rejects(pingpp.charges.reverse(charge.id, {}));

  // Errors name the parameter.
  await assert.rejects(create('x y'), (error) => error.param === 'order_no');

  // Signed by somebody else.
  const { privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  pingpp.setPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await assert.rejects(create('12134676899915430204'));
}

const limit = setTimeout(() => {
  console.error('no end after 60 s');
  process.exit(1);
}, 60000);

main().then(() => {
  console.log('ok');
  clearTimeout(limit);
  process.exit(0);
}, (error) => {
  console.error(error);
  process.exit(1);
});

# Drives Ping++'s own Python SDK, unchanged but for the base URL, against the sandbox.
#
#   python_sdk.py BASE_URL DATA_DIR
#
# Prints "ok" and ends with 0 when every step answered as Ping++ does.

import base64
import json
import os
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer

import pingpp
from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import PKCS1_v1_5

BASE_URL, DATA_DIR = sys.argv[1], sys.argv[2]
APP_ID = "app_edupay0000000000"

pingpp.api_base = BASE_URL
pingpp.api_key = "sk_test_edupay000000000000000000"
pingpp.app_id = APP_ID
pingpp.private_key_path = os.path.join(DATA_DIR, "sandbox", "merchant_private.pem")

received = []


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received.append((body, self.headers["X-Pingplusplus-Signature"]))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args):
        pass


def verify(body, signature):
    """The SDK's example of verifying a webhook."""
    with open(os.path.join(DATA_DIR, "sandbox", "pingpp_public.pem")) as key_file:
        key = RSA.importKey(key_file.read())
    digest = SHA256.new(body)
    return bool(PKCS1_v1_5.new(key).verify(digest, base64.b64decode(signature)))


def put(path, document):
    request = urllib.request.Request(
        BASE_URL + path, data=json.dumps(document).encode(), method="PUT"
    )
    with urllib.request.urlopen(request) as reply:
        return json.load(reply)


def wait_for_webhook(kind, object_id):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for body, signature in list(received):
            event = json.loads(body)
            if event["type"] == kind and event["data"]["object"]["id"] == object_id:
                return body, signature, event
        time.sleep(0.05)
    raise SystemExit("no webhook %s of %s" % (kind, object_id))


def create(order_no, channel="alipay", amount=9900, **more):
    return pingpp.Charge.create(
        order_no=order_no,
        channel=channel,
        amount=amount,
        client_ip="127.0.0.1",
        currency="cny",
        app=dict(id=APP_ID),
        subject="collection的使用",
        body=order_no,
        metadata={"order_id": 1, "names": "collection的使用"},
        **more
    )


def refused(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise SystemExit("expected %s" % kind.__name__)


def main():
    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    put("/sandbox/webhook", {"url": "http://127.0.0.1:%d/" % receiver.server_port})

    # Create: the same content again is the same charge.
    charge = create("12134676899915430102")
    assert charge.id.startswith("ch_") and len(charge.id) == 27, charge
    assert charge.paid is False and charge.livemode is False, charge
    assert 'out_trade_no="12134676899915430102"' in charge.credential.alipay.orderInfo, charge
    assert create("12134676899915430102").id == charge.id

    # Retrieve, expanded.
    again = pingpp.Charge.retrieve(charge.id)
    assert again.order_no == "12134676899915430102", again
    expanded = pingpp.Charge.retrieve(charge.id, expand=["app"])
    assert expanded.app.id == APP_ID, expanded

    # Pay as the test mode does, and verify the webhook as the SDK's example does.
    with urllib.request.urlopen(
        BASE_URL + "/notify/charges/" + charge.id + "?livemode=false"
    ) as reply:
        assert reply.read() == b"success"
    body, signature, event = wait_for_webhook("charge.succeeded", charge.id)
    assert verify(body, signature), "the webhook's signature does not verify"
    assert not verify(body + b"\n", signature), "a changed webhook verifies"
    assert pingpp.Event.retrieve(event["id"]).type == "charge.succeeded"

    # List with the SDK's capital booleans.
    other = create("12134676899915430103", channel="wx")
    paid = pingpp.Charge.list(app={"id": APP_ID}, limit=10, paid=True)
    assert charge.id in [item.id for item in paid.data], paid
    assert other.id not in [item.id for item in paid.data], paid
    page = pingpp.Charge.list(app={"id": APP_ID}, limit=1)
    assert len(page.data) == 1 and page.has_more is True, page

    # Refund a part, then the rest; more is refused.
    refund = pingpp.Charge.refund(charge.id, amount=100, description="部分退款")
    assert refund.status == "pending" and refund.charge == charge.id, refund
    body, signature, event = wait_for_webhook("refund.succeeded", refund.id)
    assert verify(body, signature)
    assert pingpp.Charge.retrieve_refund(charge.id, refund.id).succeed is True
    rest = pingpp.Charge.refund(charge.id, description="rest")
    assert rest.amount == 9800, rest
    refused(
        pingpp.InvalidRequestError,
        lambda: pingpp.Charge.refund(charge.id, amount=1, description="too much"),
    )
    assert len(pingpp.Charge.list_refunds(charge.id).data) == 2

    # Reverse an unpaid charge; a paid one is refused.
    assert pingpp.Charge.reverse(other.id).reversed is True
    refused(pingpp.PingppError, lambda: pingpp.Charge.reverse(charge.id))

    # Errors arrive as the SDK's own classes.
    error = refused(pingpp.InvalidRequestError, lambda: create("x y", channel="alipay"))
    assert error.param == "order_no", error.param
    key = pingpp.api_key
    pingpp.api_key = "sk_test_somebodyelse000000000000"
    refused(pingpp.AuthenticationError, lambda: pingpp.Charge.retrieve(charge.id))
    pingpp.api_key = key

    # Signed by somebody else.
    pingpp.private_key = RSA.generate(2048).exportKey().decode()
    refused(pingpp.InvalidRequestError, lambda: create("12134676899915430104"))

    print("ok")


main()

"""What Apple's own library says to each text of a file: {name: accepted}.

A notification is accepted if its transaction is, too, which the library leaves to its caller.
"""

import base64
import json
import sys

from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier, VerificationException


def accepted(bundle_id, fixture):
    root = base64.b64decode(fixture["root"])
    verifier = SignedDataVerifier([root], False, Environment.SANDBOX, bundle_id)
    try:
        if fixture["kind"] == "transaction":
            verifier.verify_and_decode_signed_transaction(fixture["signed"])
        else:
            notification = verifier.verify_and_decode_notification(fixture["signed"])
            if notification.data and notification.data.signedTransactionInfo:
                verifier.verify_and_decode_signed_transaction(notification.data.signedTransactionInfo)
    except VerificationException:
        return False
    return True


with open(sys.argv[1], encoding="utf-8") as file:
    content = json.load(file)
print(json.dumps({one["name"]: accepted(content["bundle_id"], one) for one in content["fixtures"]}))

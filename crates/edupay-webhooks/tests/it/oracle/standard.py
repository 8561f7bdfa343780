"""What the library says to each case; it must be what the case expects."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

with open(sys.argv[1], encoding="utf-8") as file:
    given = json.load(file)
for case in given["cases"]:
    try:
        Webhook(case["secret"]).verify(case["body"], given["headers"])
        good = True
    except WebhookVerificationError:
        good = False
    assert good == case["good"], case
print(len(given["cases"]), "verdicts agree")

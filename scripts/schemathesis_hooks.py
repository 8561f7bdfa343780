"""Keeps a run from locking itself out: the demo's two users are never deactivated."""

import schemathesis

NOBODY = "999999999"
OWN = {"1", "2"}


@schemathesis.hook
def before_call(context, case, kwargs):
    path = case.operation.path
    if path == "/v1/users/{user_id}/deactivate":
        user = str((case.path_parameters or {}).get("user_id")).strip()
        if user.lstrip("+0") in OWN or user.startswith("%"):
            case.path_parameters["user_id"] = NOBODY

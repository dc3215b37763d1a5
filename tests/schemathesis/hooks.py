"""What every answer of the server API has to keep, beyond its schema."""

import schemathesis


@schemathesis.check
def documented_code(ctx, response, case):
    """The code is 0 or one that the document lists for the operation, and is not a fault of the server's own."""
    body = response.json()
    code = body["ErrorCode"]
    documented = case.operation.definition.raw["x-error-codes"]
    assert code == 0 or code in documented, f"{code} is not documented for {case.operation.label}: {body}"
    assert code != 70500, f"an internal error: {body}"


@schemathesis.check
def status_agrees(ctx, response, case):
    """`ActionStatus` says the same as `ErrorCode`."""
    body = response.json()
    assert body["ActionStatus"] == ("OK" if body["ErrorCode"] == 0 else "FAIL"), body

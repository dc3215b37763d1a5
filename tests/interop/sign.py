"""Makes UserSigs with the public PyPI package, its clock stopped, and reads ours.

In, a line each: {"app", "key", "user", "expire", "time" (seconds or null: the real clock),
"userbuf" (base64 or null), "ours" (a token)}.
Out, a line each: {"token" (theirs), "theirs", "ours" (the JSON inside either token)}.
"""

import base64
import json
import sys
import time
import zlib

import TLSSigAPIv2

real_time = time.time


def read(token):
    return json.loads(zlib.decompress(TLSSigAPIv2.base64_decode_url(token.encode())))


for line in sys.stdin:
    case = json.loads(line)
    stopped = case["time"]
    time.time = real_time if stopped is None else lambda: stopped
    api = TLSSigAPIv2.TLSSigAPIv2(case["app"], case["key"])
    if case["userbuf"] is None:
        token = api.gen_sig(case["user"], case["expire"])
    else:
        token = api.gen_sig_with_userbuf(case["user"], case["expire"], base64.b64decode(case["userbuf"]))
    print(json.dumps({"token": token, "theirs": read(token), "ours": read(case["ours"])}))

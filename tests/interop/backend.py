"""Works with the server API through two public PyPI client libraries, pointed at a server by its base URL alone.

Arguments: the base URL (as http://127.0.0.1:7401/v4), the SDKAppID, a key of the app, an admin.
In, a line each: what to do, as {"do": name, ...}; out, a line each: the answer of the server.
"""

import json
import sys

from tencentcloud_im import tcim_client
from timsdk import HttpClient, TimClient

base, app, key, admin = sys.argv[1:]

# The first library takes the base URL as an argument.
pinclr = tcim_client.TCIMClient(int(app), key, admin, tencent_url=base)


class Elsewhere(HttpClient):
    """The second one lets its HTTP client be replaced; this one goes to the base URL."""

    def get_url(self, path, **kwargs):
        return super().get_url(path, **kwargs).replace("https://console.tim.qq.com/v4", base)


tim = TimClient(int(app), key, admin)
elsewhere = Elsewhere(tim._app_id, tim.identifier, tim.signature)
for api in (tim.im_open_login_svc, tim.open_im, tim.profile, tim.sns):
    api.set_client(elsewhere)


def friends(names):
    return [tcim_client.FriendObj(name, "test", remark=f"my {name}") for name in names]


def remark(friend, text):
    return tcim_client.UpdateFriendObj(friend, [tcim_client.SnsItemObj("Tag_SNS_IM_Remark", text)])


DO = {
    # By the first library: newer names.
    "import": lambda it: pinclr.add_single_user(it["user"], it["nick"], it["face"]).json(),
    "import_many": lambda it: pinclr.batch_add_users(it["users"]).json(),
    "check": lambda it: pinclr.search_user(it["users"]).json(),
    "delete": lambda it: pinclr.del_user(it["users"]).json(),
    "kick": lambda it: pinclr.abolition_user_sig(it["user"]).json(),
    "query": lambda it: pinclr.check_user_online(it["users"]).json(),
    "add_friends": lambda it: pinclr.add_friend(it["user"], friends(it["friends"])).json(),
    "delete_friends": lambda it: pinclr.delete_friends(it["user"], it["friends"]).json(),
    "rename_friend": lambda it: pinclr.update_friend(it["user"], [remark(it["friend"], it["remark"])]).json(),
    "friends": lambda it: pinclr.get_friends(it["user"]).json(),
    "send": lambda it: pinclr.send_message(
        tcim_client.MessageObj(it["from"], it["to"], [tcim_client.MessageText(it["text"])])
    ).json(),
    # By the second one: older names, and reading by GET.
    "older_import": lambda it: tim.im_open_login_svc.account_import(it["user"]),
    "older_check": lambda it: tim.im_open_login_svc.account_check(it["users"]),
    "older_kick": lambda it: tim.im_open_login_svc.kick(it["user"]),
    "older_query": lambda it: tim.open_im.query_state(it["users"]),
    "older_add_friends": lambda it: tim.sns.friend_add(
        it["user"], [{"To_Account": name, "AddSource": "AddSource_Type_test"} for name in it["friends"]]
    ),
    "older_friends": lambda it: tim.sns.friend_get(it["user"]),
    "block": lambda it: tim.sns.black_list_add(it["user"], it["users"]),
    "unblock": lambda it: tim.sns.black_list_delete(it["user"], it["users"]),
    "blocked": lambda it: tim.sns.black_list_get(it["user"]),
    "check_blocks": lambda it: tim.sns.black_list_check(it["user"], it["users"]),
    "profile": lambda it: tim.profile.portrait_get(it["users"], ["Tag_Profile_IM_Nick", "Tag_Profile_IM_Image"]),
    "set_profile": lambda it: tim.profile.portrait_set(it["user"], it["items"]),
    "older_send": lambda it: tim.open_im.send_text_msg(it["to"], it["text"], from_account=it["from"]),
}

for line in sys.stdin:
    it = json.loads(line)
    print(json.dumps(DO[it["do"]](it)), flush=True)

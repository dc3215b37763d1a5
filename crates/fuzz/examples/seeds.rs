//! Writes the seeds of the corpus: valid inputs for all targets, and known attacks.
//!
//! `cargo run -p lamplight-fuzz --example seeds` writes them to `fuzz/corpus` as `seed-…`. The other inputs in that
//! folder were found by a fuzzer, and are named by the hash of their bytes.

#![allow(clippy::unwrap_used, missing_docs)]

use lamplight_auth::{Claims, sign};
use lamplight_core::{Connect, Presence, UserFacts};
use lamplight_directory::{Directory, InProcessDirectory};
use lamplight_model::{
    AppId, AppKey, AppSettings, ConnectionId, CustomStatus, DeviceId, Moment, Now, Platform, Timestamp, User,
    UserId, Version,
};
use lamplight_wire::{put_frame, read_json};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// One JSON message of each kind that a client can send.
const MESSAGES: &[&str] = &[
    r#"{"id":"1","login":{"sdkAppId":1400000001,"userId":"alice","userSig":"eJw","deviceId":"d1","platform":"PLATFORM_WEB","resume":true,"known":[{"userId":"bob","version":"7"}]}}"#,
    r#"{"id":2,"logout":{}}"#,
    r#"{"id":3,"setSelfStatus":{"customStatus":"in a meeting 🌙"}}"#,
    r#"{"id":4,"getUserStatus":{"userIds":["alice","bob","carol"]}}"#,
    r#"{"id":5,"subscribeUserStatus":{"userIds":["bob"]}}"#,
    r#"{"id":6,"unsubscribeUserStatus":{"userIds":[]}}"#,
    r#"{"id":7,"getSubscriptions":{}}"#,
    r#"{"heartbeat":{}}"#,
    r#"{"id":9,"setSelfInfo":{"nick":"Ann","avatarUrl":"https://example.org/a.png","allowType":"ALLOW_TYPE_DENY_ANY"}}"#,
    r#"{"id":10,"getUsersInfo":{"userIds":["bob"]}}"#,
    r#"{"id":11,"getFriendList":{"after":"bob","limit":5}}"#,
    r#"{"id":12,"addFriend":{"userId":"bob","remark":"B","addSource":"AddSource_Type_Web","addWording":"hi","single":true}}"#,
    r#"{"id":13,"deleteFriends":{"userIds":["bob"],"single":false}}"#,
    r#"{"id":14,"setFriendRemark":{"userId":"bob","remark":null}}"#,
    r#"{"id":15,"sendMessage":{"to":"bob","text":"hello","clientMessageId":"m1"}}"#,
    r#"{"id":16,"getHistory":{"peer":"bob","before":"9","limit":20}}"#,
    r#"{"id":17,"getConversationList":{"cursor":"","limit":20}}"#,
    r#"{"id":18,"markRead":{"peer":"bob","sequence":"3"}}"#,
    r#"{"id":19,"pinConversation":{"peer":"bob","pinned":true}}"#,
    r#"{"id":20,"deleteConversation":{"peer":"bob"}}"#,
];

/// Some texts that are not valid messages. A few of them have only one fault.
const TEXTS: &[&str] = &[
    r#"{"id":18446744073709551615}"#,
    r#"{"id":18446744073709551616}"#,
    r#"{"setSelfStatus":{"customStatus":"\ud83d"},"id":8}"#,
    r#"{"id":null,"logout":null,"x":{"y":[null,1e400]}}"#,
    r#"{"id":1,"id":2,"logout":{},"logout":{}}"#,
    r#"{"id":4,"login":{"platform":"PLATFORM_FRIDGE"}}"#,
    r#"{"id":5,"login":{"platform":99}}"#,
    r#"{"id":"1e3","getUserStatus":{"userIds":"ann"}}"#,
    r#"{"a":"\"#,
    r#"[{"id":1}]"#,
];

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
/// The test vector of the SPEC, as compressed by Python's zlib.
const PYTHON: &str = "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkEnMyk1PjDQxhssUp2YkFBZkpQDlDEwMIMITKpVYUZBalAmXMDEwsDAygoiWZuSAxQ3Ooaph4cWY6yIISk9Jyz3QzPwNjY4NyJycnj6qCQv8K74iCYFcn-wLXPLe0KkMn7YhK78RIW6VaAKexMrM_";

fn main() {
    frames();
    json();
    websocket();
    user_sig();
    journal();
    http();
}

/// Writes one input, which is the concatenation of `parts`.
fn put(target: &str, name: &str, parts: &[&[u8]]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("seed-{name}")), parts.concat()).unwrap();
}

fn protobuf(text: &str) -> Vec<u8> {
    let mut framed = Vec::new();
    put_frame(&mut framed, &read_json(text).unwrap());
    framed
}

fn frames() {
    let limit: &[u8] = &[0, 4];
    for (at, text) in MESSAGES.iter().enumerate() {
        put("frames", &format!("message-{at:02}"), &[limit, &protobuf(text)]);
    }
    let all: Vec<u8> = MESSAGES.iter().flat_map(|text| protobuf(text)).collect();
    put("frames", "all", &[limit, &all]);
    put("frames", "one-too-large", &[&[16, 0], &all]);
    put("frames", "length-without-end", &[limit, &[0xff, 0xff, 0xff, 0xff, 0xff]]);
    put("frames", "announced-and-never-sent", &[limit, &[0xff, 0x07, 1, 2, 3]]);
    put("frames", "no-utf-8-before-and-behind-the-id", &[limit, &[7, 34, 3, 10, 1, 0xff, 8, 7]]);
    put("frames", "nested-groups", &[limit, &[40], &[0x0b; 40]]);
}

fn json() {
    for (at, text) in MESSAGES.iter().enumerate() {
        put("json", &format!("message-{at:02}"), &[text.as_bytes()]);
    }
    for (at, text) in TEXTS.iter().enumerate() {
        put("json", &format!("text-{at:02}"), &[text.as_bytes()]);
    }
    put("json", "deep", &[&[b'['; 300]]);
    let deep = format!(r#"{{"id":1,"x":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    put("json", "deep-and-unknown", &[deep.as_bytes()]);
}

/// Makes a WebSocket frame as a client sends it. `first` is the first byte of the frame. The payload is masked.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [1, 2, 3, 4];
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(0x80 | short as u8),
        long => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn websocket() {
    const TEXT: u8 = 0x81;
    const BINARY: u8 = 0x82;
    const PING: u8 = 0x89;
    // The opening, and the lengths of the pieces.
    let native: &[u8] = &[1, 2, 1, 7];
    let json: &[u8] = &[2, 3, 1, 5, 40];
    let binary: &[u8] = &[3, 0];
    let headers: &[u8] = &[4, 1, 3];
    let raw: &[u8] = &[0, 1, 2];
    let put = |name: &str, parts: &[&[u8]]| put("websocket", name, parts);
    let all: Vec<u8> = MESSAGES[1..].iter().flat_map(|text| protobuf(text)).collect();
    put("native", &[native, &all]);
    put("native-login-then-large", &[native, &protobuf(MESSAGES[0]), &[0xff, 0x07], &[8; 700]]);
    put("json", &[json, &frame(TEXT, MESSAGES[0].as_bytes()), &frame(TEXT, MESSAGES[2].as_bytes())]);
    put("json-nonsense", &[json, &frame(TEXT, b"{\"id\":7,"), &frame(BINARY, &[8, 7])]);
    put("protobuf", &[binary, &frame(BINARY, &protobuf(MESSAGES[4])[1..]), &frame(TEXT, b"{}")]);
    put("pings", &[json, &frame(PING, b"1"), &frame(PING, b"2"), &frame(0x8a, b"3"), &frame(PING, b"")]);
    let half = MESSAGES[3].as_bytes().split_at(20);
    put("fragments", &[json, &frame(1, half.0), &frame(PING, b"between"), &frame(0x80, half.1)]);
    put("fragments-without-end", &[json, &frame(1, b"{"), &frame(0, b"").repeat(60)]);
    put("close", &[json, &frame(0x88, &[3, 0xe8, b'x']), &frame(TEXT, b"{}")]);
    put("too-large", &[json, &[TEXT, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 1, 2, 3, 4]]);
    put("large-before-login", &[json, &frame(TEXT, &[b' '; 300])]);
    put("unmasked", &[json, &[TEXT, 2, b'{', b'}']]);
    put("reserved-bits", &[json, &frame(0xf1, b"{}")]);
    put("no-utf-8", &[json, &frame(TEXT, &[0xff, 0xfe])]);
    put("long-ping", &[json, &frame(PING, &[0; 126])]);
    put("subprotocols", &[headers, b"Sec-WebSocket-Protocol: a, lamplight.v1.protobuf ,b\r\n\r\n"]);
    put("unknown-subprotocol", &[headers, b"Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b\r\n\r\n"]);
    put("endless-head", &[headers, &b"X: 0123456789abcdef\r\n".repeat(430)]);
    put(
        "smuggled",
        &[headers, b"Content-Length: 30\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n"],
    );
    put("no-upgrade", &[raw, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"]);
    put("tls", &[raw, &[0x16, 3, 1, 0, 200, 1]]);
    put("wrong-preamble", &[raw, b"LAMP\x02"]);
}

fn claims(user: &str, userbuf: Option<&[u8]>) -> Claims {
    let (user_id, userbuf) = (UserId::new(user).unwrap(), userbuf.map(<[u8]>::to_vec));
    Claims { user_id, app: AppId(1_400_000_001), issued: 1_700_000_000, expire: 604_800, userbuf }
}

fn user_sig() {
    let key = AppKey { id: 1, text: KEY.to_owned() };
    let put = |name: &str, parts: &[&[u8]]| put("user_sig", name, parts);
    put("python", &[&[0], PYTHON.as_bytes()]);
    put("userbuf", &[&[0], sign(&key, &claims("alice_01", Some(b"abc"))).as_bytes()]);
    put("other-user", &[&[0], sign(&key, &claims("bob", None)).as_bytes()]);
    put("cut", &[&[0], &PYTHON.as_bytes()[..100]]);
    put("empty", &[&[0]]);
    put("too-long", &[&[0], &[b'A'; 4_097]]);
    put("no-zlib", &[&[1], b"\x78\x9c no zlib at all"]);
    let document = |sig: &str| {
        format!(
            r#"{{"TLS.ver":"2.0","TLS.identifier":"alice_01","TLS.sdkappid":1400000001,"TLS.expire":604800,"TLS.time":1700000000,"TLS.sig":"{sig}"}}"#
        )
    };
    put("document", &[&[2], document("t4uwIg6N0330wBBBHzpqOxKXpSEBOpEnFfz1B+XyKaY=").as_bytes()]);
    put("document-stored", &[&[6], document("").as_bytes()]);
    put("document-inflated", &[&[38], &[b' '; 9_000]]);
    put("document-array", &[&[38], br#"["2.0","alice_01",1400000001,604800,1700000000,null,""]"#]);
    let numbers = |issued: u64, expire: u64| [issued.to_le_bytes(), expire.to_le_bytes()].concat();
    put("made", &[&[3], &numbers(1_700_000_000, 604_800), &[9, 0, 1], b"alice_01", b"1abc"]);
    put("made-for-ever", &[&[3], &numbers(u64::MAX, u64::MAX), &[60, 0, 3], b"bob"]);
    put("made-expired", &[&[3], &numbers(1, 1), &[0, 0, 0], b"bob"]);
}

fn journal() {
    // The operations: log in, set a custom status twice, log out, maintain, remove, for several users.
    let operations: &[u8] = &[0, 4, 1, 5, 8, 9, 20, 2, 6, 14, 16, 12, 3, 7];
    let count = operations.len() as u8;
    for (name, damage) in [
        ("whole", &[][..]),
        ("flipped", &[0, 3, 40, 0, 1]),
        ("flipped-head", &[0, 0, 2, 0, 0x80]),
        ("cut", &[1, 5, 90, 0, 0]),
        ("emptied", &[1, 16, 0, 0, 0]),
        ("deleted", &[2, 16, 0, 0, 0]),
        ("longer", &[3, 7, 0, 0, 0, 1, 2, 3]),
    ] {
        put("journal", name, &[&[0, count], operations, damage]);
    }
    let folder = tempfile::tempdir().unwrap();
    write_journal(folder.path());
    let mut files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut all = vec![1];
    for (name, file) in [(0, "live.1.base"), (1, "live.1.0")] {
        let bytes = fs::read(folder.path().join(file)).unwrap();
        all.extend_from_slice(&[name, 1, 0, 0]);
        put_entries(name, &bytes[13..], &mut all);
    }
    for file in files.iter().filter(|file| fs::metadata(file).unwrap().len() > 120) {
        put_entries(2, &fs::read(file).unwrap()[13..], &mut all);
    }
    put("journal", "made-up", &[&all]);
    put("journal", "highest-generation", &[&[1, 7, 2, 0, 0, 8, 2, 0, 0]]);
    put("journal", "form-without-stripes", &[&[1, 6, 0, 4, 0, 1, 2, 3, 4]]);
}

/// Appends the entries of a file to `input`, in the form that the journal target reads.
fn put_entries(name: u8, mut entries: &[u8], input: &mut Vec<u8>) {
    while let Some((head, rest)) = entries.split_first_chunk::<8>() {
        let length = u32::from_le_bytes(head[..4].try_into().unwrap());
        let (content, rest) = rest.split_at(length as usize);
        input.extend_from_slice(&[name, 3]);
        input.extend_from_slice(&(length as u16).to_le_bytes());
        input.extend_from_slice(content);
        entries = rest;
    }
}

fn write_journal(folder: &Path) {
    let now = Now { moment: Moment(1), wall: Timestamp(1_700_000_000_000) };
    let directory = InProcessDirectory::open(folder, now, Duration::from_secs(30)).unwrap().0;
    let directory: &dyn Directory = &directory;
    let (settings, user) = (AppSettings::default(), User::new(AppId(1), UserId::new("user 1").unwrap()));
    let facts = UserFacts::default();
    let blank = Presence::from_facts(facts, Version(1), Timestamp(0), false, &settings, Moment(0));
    finish(directory.seed(&user, blank, now)).unwrap();
    let (device, connection) = (DeviceId::new("phone").unwrap(), ConnectionId::alone(1));
    let (platform, address) = (Platform::IPhone, Some("127.0.0.1".parse().unwrap()));
    let connect = Connect { device: &device, platform, login: 1, born: 0, issued: 1, connection, address };
    finish(directory.update(&user, now, |it| it.connect(&connect, &settings, now))).unwrap();
    let custom = CustomStatus::new("text", 100).unwrap();
    let set = |it: &mut Presence| it.set_custom_status(custom.clone(), None, &settings, now);
    finish(directory.update(&user, now, set)).unwrap().unwrap().unwrap();
    let users = [UserId::new("user 2").unwrap(), UserId::new("user 3").unwrap()];
    finish(directory.update(&user, now, |it| it.subscribe(&users, &settings, now.moment))).unwrap();
}

/// Returns the result of a future of the in-process directory. Such a future is ready at once.
fn finish<T>(answer: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(answer).unwrap()
}

fn http() {
    let settings = r#"{"name":"n","edition":"flagship","switches":{"user_status":true,"friend_notification":false},"multi_device":{"mode":"multi","web_instances":1,"native_instances":1},"limits":{"subscriptions":200,"query_batch":500,"subscribe_batch":100,"unsubscribe_batch":100,"custom_status_bytes":100,"rate":{"calls":20,"window_ms":5000},"message_rate":{"calls":100,"window_ms":5000},"api_rate":{"calls":200,"window_ms":1000},"friends":3000,"message_bytes":12288},"timing":{"heartbeat_timeout_native_ms":400000,"heartbeat_timeout_web_ms":60000,"linger_native_ms":0,"linger_web_ms":0,"login_retention_ms":604800000,"subscription_retention_ms":600000,"message_retention_days":365},"webhooks":{"state_change_url":"http://example.org/","push_url":"","token":"t"}}"#;
    for (name, request, body) in [
        ("login", 0, r#"{"password":"a wrong password"}"#),
        ("login-twice", 0, r#"{"password":"a","password":"b"}"#),
        ("login-more", 0, r#"{"password":"a","user":"b"}"#),
        ("app", 1, r#"{"id":1400000001,"name":"again","edition":"trial"}"#),
        ("app-of-no-id", 1, r#"{"id":0,"name":""}"#),
        ("settings", 2, settings),
        ("settings-without", 2, r#"{"name":"n"}"#),
        ("letters", 3, r#"{"ids":[1,2,18446744073709551615]}"#),
        ("letters-all", 4, "{}"),
        ("no-json", 4, "{\"ids\":["),
        ("no-type", 128, r#"{"password":"a"}"#),
    ] {
        put("console", name, &[&[request, 1, 1], body.as_bytes()]);
    }
    let who = "sdkappid={app}&identifier=administrator&usersig={sig}";
    for (name, query) in [
        ("admin", format!("{who}&random=1&contenttype=json")),
        ("admin-escaped", format!("{}&random=%41+%zz", who.replace("admin", "%61dmin"))),
        ("twice", format!("{who}&{who}")),
        ("other-app", who.replace("{app}", "1400000002")),
        ("large-app", who.replace("{app}", "99999999999999999999")),
        ("other-user", who.replace("administrator", "bob")),
        ("no-user-id", who.replace("administrator", "%00%ff")),
        ("no-sig", who.replace("{sig}", "")),
        ("nonsense", "&&==&%&sdkappid&=".to_owned()),
    ] {
        put("query", name, &[&[3], query.as_bytes()]);
    }
    for (at, body) in [
        r#"{"To_Account":["alice","bob",""],"IsNeedDetail":1,"IsReturnCustomStatus":0}"#,
        r#"{"To_Account":["alice"]}"#,
        r#"{"UserID":"alice","Nick":"A","FaceUrl":"https://example.org/a.png"}"#,
        r#"{"AccountList":[{"UserID":"a1"},{"Identifier":"a2"},{"UserID":"a","Identifier":"b"}]}"#,
        r#"{"CheckItem":[{"UserID":"alice"},{"UserID":"nobody"}]}"#,
        r#"{"DeleteItem":[{"UserID":"a1"}]}"#,
        r#"{"UserID":"bob"}"#,
        r#"{"From_Account":"alice","AddFriendItem":[{"To_Account":"bob","Remark":"B","AddSource":"AddSource_Type_X","AddWording":"hi"}],"AddType":"Add_Type_Both","ForceAddFlags":1}"#,
        r#"{"From_Account":"alice","StartIndex":0,"StandardSequence":0,"CustomSequence":0}"#,
        r#"{"From_Account":"alice","UpdateItem":[{"To_Account":"bob","SnsItem":[{"Tag":"Tag_SNS_IM_Remark","Value":"x"}]}]}"#,
        r#"{"From_Account":"alice","To_Account":["bob"],"DeleteType":"Delete_Type_Both"}"#,
        r#"{"From_Account":"alice","To_Account":["bob"],"CheckType":"CheckResult_Type_Both"}"#,
        r#"{"From_Account":"alice","ProfileItem":[{"Tag":"Tag_Profile_IM_Nick","Value":"A"},{"Tag":"Tag_Profile_IM_Image","Value":"javascript:1"}]}"#,
        r#"{"To_Account":["alice"],"TagList":["Tag_Profile_IM_Nick","Tag_Profile_IM_AllowType"]}"#,
        r#"{"SyncOtherMachine":1,"From_Account":"alice","To_Account":"bob","MsgRandom":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"hi"}}]}"#,
        r#"{"UserID":"alice","CustomStatus":"x"}"#,
        r#"{"From_Account":"alice","To_Account":["bob"]}"#,
        r#"{"From_Account":"alice","To_Account":[]}"#,
        r#"{"From_Account":"alice"}"#,
    ]
    .iter()
    .enumerate()
    {
        put("commands", &format!("{at:02}"), &[&[at as u8, 0], body.as_bytes()]);
    }
    put("commands", "array-of-fields", &[&[2, 0], br#"["alice","A",""]"#]);
    put("commands", "in-pieces", &[&[2, 2, 1, 3], br#"{"UserID":"\ud83d\ude00"}"#]);
    put("commands", "deep", &[&[2, 0], &[b'['; 200]]);
}

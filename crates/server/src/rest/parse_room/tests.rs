//! Tests that compare the estimate with the memory that is allocated while bodies are parsed.

use super::*;
use crate::rest::accounts::{AccountCheck, AccountDelete, MultiaccountImport};
use crate::rest::command::{Command, read};
use crate::rest::friend_lists::{FriendGetList, FriendImport};
use crate::rest::friend_update::FriendUpdate;
use crate::rest::friends::{FriendAdd, FriendDelete};
use crate::rest::history::GetC2cUnreadMsgNum;
use crate::rest::messages::{BatchSendMsg, SendMsg};
use crate::rest::on_behalf::SubscribeStatus;
use crate::rest::profiles::{PortraitGet, PortraitSet};
use crate::rest::states::QueryOnlineStatus;
use futures_util::FutureExt;

#[test]
fn marks_are_counted_outside_of_texts() {
    for (body, expected) in [
        ("", 0),
        ("7", 0),
        ("[]", 1),
        ("[1,2,3]", 3),
        (r#"{"a":1,"b":[{"c":null}]}"#, 7),
        (r#"{"a,:[{":"\",:[{\\","b":2}"#, 4),
        (r#"["\\",1,"\"",2]"#, 4),
        // Invalid JSON: without a string, and with a string that is not closed.
        (",,,[[::", 7),
        (r#"[",,,"#, 1),
    ] {
        assert_eq!(marks(body.as_bytes()), expected, "{body}");
    }
}

#[test]
fn calls_wait_for_room_and_small_ones_not_behind_large_ones() {
    let of = |bytes: usize| Parsed { length: 0, marks: (bytes - BASE_BYTES) / BYTES_PER_MARK };
    let largest = Parsed { length: MAX_BODY_BYTES, marks: MAX_BODY_BYTES };
    assert_eq!(largest.most(), LARGE_CALLS_BYTES);
    let room = ParseRoom::default();
    let first = room.enter(largest).now_or_never().expect("there is room for the largest");
    assert!(room.enter(of(SMALL_CALL_BYTES + BYTES_PER_MARK)).now_or_never().is_none());
    let small: Vec<_> = std::iter::from_fn(|| room.enter(of(SMALL_CALL_BYTES)).now_or_never()).collect();
    assert_eq!(small.len(), SMALL_CALLS_BYTES / SMALL_CALL_BYTES);
    drop((first, small));
    assert!(room.enter(of(SMALL_CALL_BYTES)).now_or_never().is_some());
    assert!(room.enter(largest).now_or_never().is_some());
}

/// Creates a body of the maximum size, by repeating one entry of its list.
fn full(head: &str, entry: &str, tail: &str) -> String {
    let times = (MAX_BODY_BYTES - head.len() - tail.len() - entry.len()) / (entry.len() + 1);
    many(head, entry, times, tail)
}

fn many(head: &str, entry: &str, more: usize, tail: &str) -> String {
    format!("{head}{entry}{}{tail}", format!(",{entry}").repeat(more))
}

/// Parses the body of a command, and asserts that the allocated memory is at most the estimate.
fn price<C: Command>(body: &str) {
    let parsed = Parsed::of(body.as_bytes());
    let mut request = None;
    let allocated = allocation_counter::measure(|| request = Some(read::<C>(body.as_bytes())));
    let start: String = body.chars().take(100).collect();
    let (most, kept) = (allocated.bytes_max, allocated.bytes_current);
    println!(
        "{}: {most} of {} bytes, {kept} of {} kept: {} marks, {} bytes, {start}",
        C::PATH,
        parsed.most(),
        parsed.kept() + body.len(),
        parsed.marks,
        parsed.length
    );
    assert!(most <= parsed.most() as u64, "{}: {most} bytes of {parsed:?}: {start}", C::PATH);
    // A refusal takes memory for its text.
    let allowed = (parsed.kept() + body.len() + BASE_BYTES) as i64;
    assert!(kept <= allowed, "{}: {kept} bytes are kept of {parsed:?}: {start}", C::PATH);
}

#[test]
fn reading_allocates_no_more_than_the_estimate_whatever_the_body_is() {
    let names = |field: &str| format!("{{\"{field}\":[");
    // Lists of the entries that take the most memory for their marks and bytes. The bodies have various sizes up to the
    // maximum.
    for more in [0, 3, 99, 999, 9_999, 40_000] {
        for name in ["\"\"", "\"abcdefghijklmnopqrstuvwxy\""] {
            let list = |head: &str, tail: &str| many(head, name, more.min(30_000), tail);
            price::<QueryOnlineStatus>(&list(&names("To_Account"), "]}"));
            price::<MultiaccountImport>(&list(&names("Accounts"), "]}"));
            price::<SubscribeStatus>(&list("{\"From_Account\":\"\",\"To_Account\":[", "]}"));
            price::<FriendDelete>(&list("{\"From_Account\":\"\",\"To_Account\":[", "]}"));
            price::<GetC2cUnreadMsgNum>(&list("{\"To_Account\":\"\",\"Peer_Account\":[", "]}"));
            price::<PortraitGet>(&list("{\"To_Account\":[],\"TagList\":[", "]}"));
            price::<FriendGetList>(&list("{\"From_Account\":\"\",\"To_Account\":[],\"TagList\":[", "]}"));
            let send = "{\"MsgRandom\":1,\"MsgBody\":[],\"To_Account\":[";
            price::<BatchSendMsg>(&list(send, "]}"));
            let control = "{\"MsgRandom\":1,\"MsgBody\":[],\"To_Account\":\"\",\"SendMsgControl\":[";
            price::<SendMsg>(&list(control, "]}"));
            price::<SendMsg>(&list(&control.replace("SendMsg", "ForbidCallback"), "]}"));
        }
        let items = |field: &str, item: &str| {
            let head = format!("{{\"From_Account\":\"\",\"{field}\":[");
            if more == 40_000 { full(&head, item, "]}") } else { many(&head, item, more, "]}") }
        };
        let user = r#"{"UserID":""}"#;
        if more <= 9_999 {
            price::<AccountCheck>(&items("CheckItem", user));
            price::<AccountDelete>(&items("DeleteItem", user));
            price::<MultiaccountImport>(&items("AccountList", user));
            price::<MultiaccountImport>(&items("AccountList", r#"{"UserID":"","Nick":"n","FaceUrl":"u"}"#));
        }
        for item in [
            r#"{"To_Account":"","AddSource":""}"#,
            r#"{"To_Account":"","AddSource":"x","Remark":"r","AddWording":"w"}"#,
        ] {
            price::<FriendAdd>(&items("AddFriendItem", item));
            price::<FriendImport>(&items("AddFriendItem", item));
        }
        for item in [
            r#"{"To_Account":"","SnsItem":[]}"#,
            r#"{"To_Account":"","SnsItem":[{"Tag":"Tag_SNS_IM_Remark","Value":"r"}]}"#,
        ] {
            price::<FriendUpdate>(&items("UpdateItem", item));
        }
        price::<PortraitSet>(&items("ProfileItem", r#"{"Tag":"","Value":""}"#));
        let text = r#"{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}"#;
        price::<SendMsg>(&full("{\"MsgRandom\":1,\"To_Account\":\"\",\"MsgBody\":[", text, "]}"));
    }
    let sns = full(
        r#"{"From_Account":"","UpdateItem":[{"To_Account":"","SnsItem":["#,
        r#"{"Tag":"","Value":1}"#,
        "]}]}",
    );
    price::<FriendUpdate>(&sns);
}

#[test]
fn values_that_are_not_known_cost_nothing_where_they_stand() {
    let message =
        r#"{"To_Account":"u","MsgRandom":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}],"#;
    let fields = [
        "OfflinePushInfo",
        "SyncOtherMachine",
        "SendMsgControl",
        "ForbidCallbackControl",
        "MsgLifeTime",
        "From_Account",
        "NotKnown",
    ];
    for value in ["{\"\":0}", "[]", "0", "[[[[]]]]", "{\"\":{\"\":{}}}"] {
        for field in fields {
            let body = full(&format!("{message}\"{field}\":["), value, "]}");
            price::<SendMsg>(&body);
            price::<BatchSendMsg>(&body.replace("\"u\"", "[\"u\"]"));
        }
        let element =
            r#"{"To_Account":"u","MsgRandom":1,"MsgBody":[{"MsgType":"TIMCustomElem","MsgContent":{"Data":["#;
        price::<SendMsg>(&full(element, value, "]}}]}"));
        price::<SendMsg>(&full(&format!("{message}\"MsgBody\":["), value, "]}"));
        price::<QueryOnlineStatus>(&full("{\"To_Account\":[],\"more\":[", value, "]}"));
        price::<QueryOnlineStatus>(&full("{\"To_Account\":[", value, "]}"));
        price::<PortraitSet>(&full(
            "{\"From_Account\":\"u\",\"ProfileItem\":[{\"Tag\":\"\",\"Value\":[",
            value,
            "]}]}",
        ));
        price::<FriendImport>(&full(
            r#"{"From_Account":"u","AddFriendItem":[{"To_Account":"","AddSource":"","CustomItem":["#,
            value,
            "]}]}",
        ));
    }
}

#[test]
fn texts_cost_what_is_estimated_also_with_escapes() {
    for text in ["x", "\\n", "xxxxxxxxxxxxxxxxxxxx\\n", "\\u7231"] {
        let long = |head: &str, tail: &str| {
            let times = (MAX_BODY_BYTES - head.len() - tail.len()) / text.len();
            format!("{head}{}{tail}", text.repeat(times))
        };
        price::<SendMsg>(&long(
            r#"{"To_Account":"u","MsgRandom":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":""#,
            "\"}}]}",
        ));
        price::<SendMsg>(&long("{\"", "\":0}"));
        price::<QueryOnlineStatus>(&long("{\"To_Account\":[\"", "\"]}"));
        price::<PortraitSet>(&long(r#"{"From_Account":"u","ProfileItem":[{"Tag":"t","Value":""#, "\"}]}"));
        let piece = text.repeat(5_000 / text.len());
        let element = format!(r#"{{"MsgType":"TIMTextElem","MsgContent":{{"Text":"{piece}"}}}}"#);
        price::<SendMsg>(&full(r#"{"To_Account":"u","MsgRandom":1,"MsgBody":["#, &element, "]}"));
    }
}

/// A refusal quotes a string with escapes, and an escaped character can take six bytes.
#[test]
fn refusals_cost_what_is_estimated_whatever_they_are_about() {
    let text = r#"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}]"#;
    let send = format!(r#"{{"To_Account":"u","MsgBody":{text},"MsgRandom":"#);
    for letter in ["x", "\u{7f}", "\\u007f", "\u{e000}"] {
        let long = |head: &str, tail: &str| {
            let times = (MAX_BODY_BYTES - head.len() - tail.len()) / letter.len();
            format!("{head}{}{tail}", letter.repeat(times))
        };
        price::<SendMsg>(&long(&format!("{send}\""), "\"}"));
        price::<SendMsg>(&long(&format!("{send}1,\"SyncOtherMachine\":[\""), "\"],\"MsgRandom\":\"\"}"));
        price::<SendMsg>(&long(r#"{"To_Account":"u","MsgRandom":1,"MsgBody":""#, "\"}"));
        price::<SendMsg>(&long(r#"{"To_Account":"u","MsgRandom":1,"MsgBody":[""#, "\"]}"));
        price::<SendMsg>(&long(
            r#"{"To_Account":"u","MsgRandom":1,"MsgBody":[{"MsgContent":{},"MsgType":""#,
            "\"}]}",
        ));
        price::<FriendAdd>(&long(r#"{"From_Account":"u","AddFriendItem":[],"AddType":""#, "\"}"));
        price::<FriendAdd>(&long(r#"{"From_Account":"u","AddFriendItem":[],"ForceAddFlags":""#, "\"}"));
        price::<QueryOnlineStatus>(&long("{\"To_Account\":\"", "\"}"));
        price::<QueryOnlineStatus>(&long("\"", "\""));
    }
}

/// The longest lists are accepted, even if each entry has all fields of the cloud's API.
#[test]
fn the_longest_lists_are_within_the_bound() {
    let custom = |tags: usize| {
        let tag = r#"{"Tag":"Tag_SNS_Custom_Test","Value":"v"}"#;
        vec![tag; tags].join(",")
    };
    let friend = |groups: &str, tags: usize| {
        format!(
            r#"{{"To_Account":"u","Remark":"r","RemarkTime":1,"GroupName":[{groups}],"AddSource":"AddSource_Type_x","AddWording":"w","AddTime":1,"CustomItem":[{}]}}"#,
            custom(tags)
        )
    };
    for (groups, tags) in [(r#""g""#, 1), (r#""g""#, 2), (r#""g","h""#, 10), (r#""g""#, 20)] {
        let body = format!(
            r#"{{"From_Account":"u","AddFriendItem":[{}]}}"#,
            vec![friend(groups, tags); 1_000].join(",")
        );
        assert!(body.len() <= MAX_BODY_BYTES, "{tags} tags: {} bytes", body.len());
        let read = read::<FriendImport>(body.as_bytes());
        assert!(read.is_ok(), "{tags} tags: {} marks", marks(body.as_bytes()));
        price::<FriendImport>(&body);
    }
    let added =
        r#"{"To_Account":"u","AddSource":"AddSource_Type_x","Remark":"r","GroupName":"g","AddWording":"w"}"#;
    let body = format!(
        r#"{{"From_Account":"u","AddType":"Add_Type_Both","ForceAddFlags":1,"AddFriendItem":[{}]}}"#,
        [added; 1_000].join(",")
    );
    assert!(read::<FriendAdd>(body.as_bytes()).is_ok());
    let change = r#"{"To_Account":"u","SnsItem":[{"Tag":"Tag_SNS_IM_Remark","Value":"r"}]}"#;
    let body = format!(r#"{{"From_Account":"u","UpdateItem":[{}]}}"#, [change; 1_000].join(","));
    assert!(read::<FriendUpdate>(body.as_bytes()).is_ok());
}

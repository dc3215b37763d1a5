//! The request for a notice (SPEC sections 6 and 9): its query, body and headers.

use lamplight_facts::Notice;
use lamplight_model::{
    AppSettings, Hook, Lane, NoticeContent, Platform, PushContent, SessionEvent, SessionEventKind, Timestamp,
    User, UserId, Visibility, WebhookUrl,
};
use serde::Serialize;

/// The name of the header with the id of a notice. The id is the same at each attempt.
pub const DELIVERY_HEADER: &str = "x-lamplight-delivery";

/// The names of the query parameters with the signature, if the app has a token.
pub const SIGNATURE_PARAMETERS: [&str; 2] = ["Sign", "RequestTime"];

/// A request to a webhook.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WebhookRequest {
    /// The URL with its query.
    pub url: WebhookUrl,
    /// The body, in JSON.
    pub body: String,
    /// The value of [`DELIVERY_HEADER`].
    pub delivery: String,
}

impl WebhookRequest {
    /// Makes the request for a notice, from the current settings of the app.
    pub fn of(notice: &Notice, url: &WebhookUrl, settings: &AppSettings, now: Timestamp) -> Self {
        let (body, caller) = match &notice.content {
            NoticeContent::Session(event) => (state_change(&notice.user, event), Caller::of(event)),
            NoticeContent::Push(push) => (offline_message(&notice.user, push), Caller::UNKNOWN),
        };
        let url = with_query(url, notice.lane, command(notice.lane.hook), &caller, settings, now);
        Self { url, body, delivery: delivery(notice) }
    }

    /// Makes a test request, which reports no event. An operator uses the test request to check the receiver.
    pub fn test(lane: Lane, url: &WebhookUrl, settings: &AppSettings, now: Timestamp) -> Self {
        let body = json(&Test { callback_command: TEST_COMMAND, event_time: now.0 });
        let url = with_query(url, lane, TEST_COMMAND, &Caller::UNKNOWN, settings, now);
        Self { url, body, delivery: format!("test-{}", now.0) }
    }
}

const TEST_COMMAND: &str = "Lamplight.Test";

fn command(hook: Hook) -> &'static str {
    match hook {
        Hook::StateChange => "State.StateChange",
        Hook::Push => "Push.OfflineMessage",
    }
}

/// Makes the id of a notice, which is opaque to receivers. The id is the same at each attempt, even after a crash.
fn delivery(notice: &Notice) -> String {
    let Notice { lane, user, ordinal, content, .. } = notice;
    let id = format!("{}-{}-{}", lane.app, lane.hook as u8, hex(&user.id));
    match content {
        NoticeContent::Session(_) => format!("{id}-{ordinal}"),
        // The ordinal of a push notice cannot be used, because it restarts whenever no notice waits. The sequence of a
        // message is permanent. The time distinguishes messages with the same sequence, after the conversation or the
        // app was deleted and created again.
        NoticeContent::Push(push) => format!("{id}-{}-{}-{}", hex(&push.from), push.sequence, push.at.0),
    }
}

fn hex(id: &UserId) -> String {
    id.as_str().bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// The values of `ClientIP` and `OptPlatform` in the query. They name the client or the API that caused an event.
struct Caller {
    address: String,
    platform: &'static str,
}

impl Caller {
    const UNKNOWN: Self = Self { address: String::new(), platform: "Unknown" };

    fn of(event: &SessionEvent) -> Self {
        match &event.device {
            None if event.kind == SessionEventKind::CustomStatusExpired => Self::UNKNOWN,
            None => Self { address: String::new(), platform: "RESTAPI" },
            Some(device) => Self {
                address: device.address.map(|address| address.to_canonical().to_string()).unwrap_or_default(),
                platform: opt_platform(device.platform),
            },
        }
    }
}

/// Returns the name of a platform in the query. An iPhone is `IOS`, as in the cloud's API.
fn opt_platform(platform: Platform) -> &'static str {
    match platform {
        Platform::IPhone => "IOS",
        Platform::Android
        | Platform::IPad
        | Platform::Windows
        | Platform::Mac
        | Platform::Linux
        | Platform::Web => body_platform(platform),
    }
}

/// Returns the name of a platform in the body.
fn body_platform(platform: Platform) -> &'static str {
    match platform {
        Platform::IPhone => "iOS",
        Platform::Android => "Android",
        Platform::IPad => "iPad",
        Platform::Windows => "Windows",
        Platform::Mac => "Mac",
        Platform::Linux => "Linux",
        Platform::Web => "Web",
    }
}

fn with_query(
    url: &WebhookUrl,
    lane: Lane,
    command: &str,
    caller: &Caller,
    settings: &AppSettings,
    now: Timestamp,
) -> WebhookUrl {
    let mut url = url.clone();
    let between = match url.target.find('?') {
        None => "?",
        Some(at) if at + 1 == url.target.len() || url.target.ends_with('&') => "",
        Some(_) => "&",
    };
    // IPv6 addresses contain colons, which need no escape in a query.
    let Caller { address, platform } = caller;
    url.target += &format!(
        "{between}SdkAppid={}&CallbackCommand={command}&contenttype=json&ClientIP={address}&OptPlatform={platform}",
        lane.app
    );
    let token = &settings.webhooks.token;
    if !token.is_empty() {
        let sign = lamplight_auth::webhook_sign(token, now);
        let [sign_name, time_name] = SIGNATURE_PARAMETERS;
        url.target += &format!("&{sign_name}={sign}&{time_name}={}", now.as_secs());
    }
    url
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct StateChange<'a> {
    callback_command: &'static str,
    event_time: u64,
    info: Info<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kicked_device: Vec<Device>,
}

#[derive(Serialize)]
struct Info<'a> {
    #[serde(rename = "Action")]
    action: &'static str,
    #[serde(rename = "To_Account")]
    to_account: &'a str,
    #[serde(rename = "Reason")]
    reason: &'static str,
    #[serde(rename = "CustomStatus", skip_serializing_if = "Option::is_none")]
    custom_status: Option<&'a str>,
    /// The time at which the server clears the custom status; absent if the custom status stays until a call clears it.
    #[serde(rename = "CustomExpires", skip_serializing_if = "Option::is_none")]
    custom_expires: Option<u64>,
    /// The device of the event; absent if the event was caused on the user's behalf.
    #[serde(rename = "DeviceID", skip_serializing_if = "Option::is_none")]
    device_id: Option<&'a str>,
    #[serde(rename = "Platform", skip_serializing_if = "Option::is_none")]
    platform: Option<&'static str>,
    /// The version of the user's status after the event, as text. Many JSON parsers keep only 53 bits of a number.
    #[serde(rename = "Version", skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// The number of the user's status type after the event.
    #[serde(rename = "StatusType", skip_serializing_if = "Option::is_none")]
    status_type: Option<u8>,
    /// The visibility of the status after the event; absent if everyone may see the status.
    #[serde(rename = "Visibility", skip_serializing_if = "Option::is_none")]
    visibility: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Device {
    platform: &'static str,
}

#[derive(Serialize)]
struct OfflineMessage<'a> {
    #[serde(rename = "CallbackCommand")]
    callback_command: &'static str,
    #[serde(rename = "EventTime")]
    event_time: u64,
    #[serde(rename = "From_Account")]
    from_account: &'a str,
    #[serde(rename = "To_Account")]
    to_account: &'a str,
    #[serde(rename = "MsgSeq")]
    sequence: u64,
    #[serde(rename = "MsgTime")]
    time: u64,
    #[serde(rename = "Text")]
    text: &'a str,
    #[serde(rename = "UnreadMsgNum")]
    unread: u32,
    #[serde(rename = "Devices")]
    devices: Vec<Device>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Test {
    callback_command: &'static str,
    event_time: u64,
}

fn state_change(user: &User, event: &SessionEvent) -> String {
    let (action, reason) = match &event.kind {
        SessionEventKind::Login { .. } => ("Login", "Register"),
        SessionEventKind::Logout => ("Logout", "Unregister"),
        SessionEventKind::LinkClosed => ("Disconnect", "LinkClose"),
        SessionEventKind::TimedOut => ("Disconnect", "TimeOut"),
        SessionEventKind::CustomStatus(_) | SessionEventKind::EndingCustomStatus { .. } => {
            ("CustomStatusChange", "SetCustomStatus")
        }
        SessionEventKind::CustomStatusExpired => ("CustomStatusChange", "CustomStatusExpired"),
    };
    let (kicked, custom_status, custom_expires): (&[Platform], Option<&str>, Option<Timestamp>) = match &event
        .kind
    {
        SessionEventKind::Login { kicked } => (kicked, None, None),
        SessionEventKind::CustomStatus(text) => (&[], Some(text.as_str()), None),
        SessionEventKind::EndingCustomStatus { text, expires } => (&[], Some(text.as_str()), Some(*expires)),
        SessionEventKind::CustomStatusExpired => (&[], Some(""), None),
        SessionEventKind::Logout | SessionEventKind::LinkClosed | SessionEventKind::TimedOut => {
            (&[], None, None)
        }
    };
    let device = event.device.as_ref();
    json(&StateChange {
        callback_command: command(Hook::StateChange),
        event_time: event.at.0,
        info: Info {
            action,
            to_account: user.id.as_str(),
            reason,
            custom_status,
            custom_expires: custom_expires.map(|at| at.0),
            device_id: device.map(|device| device.id.as_str()),
            platform: device.map(|device| body_platform(device.platform)),
            version: event.after.map(|after| after.version.0.to_string()),
            status_type: event.after.map(|after| after.status_type as u8),
            visibility: event.after.and_then(|after| match after.visibility {
                Visibility::Everyone => None,
                Visibility::Friends | Visibility::Nobody => Some(after.visibility.name()),
            }),
        },
        kicked_device: devices(kicked),
    })
}

fn offline_message(user: &User, push: &PushContent) -> String {
    json(&OfflineMessage {
        callback_command: command(Hook::Push),
        event_time: push.at.0,
        from_account: push.from.as_str(),
        to_account: user.id.as_str(),
        sequence: push.sequence,
        time: push.at.as_secs(),
        text: &push.text,
        unread: push.unread,
        devices: devices(&push.devices),
    })
}

fn devices(platforms: &[Platform]) -> Vec<Device> {
    platforms.iter().map(|platform| Device { platform: body_platform(*platform) }).collect()
}

fn json(body: &impl Serialize) -> String {
    serde_json::to_string(body).expect("texts and numbers can be written as JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::{
        AppId, CustomStatus, DeviceId, EventDevice, StatusAfter, StatusType, Version, Visibility,
    };

    const URL: &str = "https://a.example/hook";

    fn notice(content: NoticeContent) -> Notice {
        Notice {
            id: 5,
            lane: Lane { app: AppId(1_400_000_001), hook: content.hook() },
            user: User::new(AppId(1_400_000_001), UserId::new("alice \"1\"").unwrap()),
            ordinal: 1_700_000_000_123,
            content,
            queued: Timestamp(0),
            attempts: 0,
            due: Timestamp(0),
            error: String::new(),
        }
    }

    fn event(platform: Option<Platform>, kind: SessionEventKind) -> NoticeContent {
        let device = platform.map(|platform| EventDevice {
            id: DeviceId::new("d").unwrap(),
            platform,
            address: Some("::ffff:203.0.113.9".parse().unwrap()),
        });
        NoticeContent::Session(SessionEvent {
            ordinal: 1_700_000_000_123,
            at: Timestamp(1_700_000_000_123),
            device,
            kind,
            after: Some(StatusAfter {
                status_type: StatusType::Offline,
                version: Version(u64::MAX),
                told_always: false,
                visibility: Visibility::Everyone,
            }),
        })
    }

    fn request(url: &str, token: &str, content: NoticeContent) -> WebhookRequest {
        let mut settings = AppSettings::default();
        settings.webhooks.token = token.into();
        let url = WebhookUrl::parse(url).unwrap();
        WebhookRequest::of(&notice(content), &url, &settings, Timestamp(1_669_872_112_500))
    }

    #[test]
    fn a_login_is_told_with_whom_it_kicked() {
        let kicked = vec![Platform::IPhone, Platform::IPad, Platform::Linux];
        let request = request(URL, "", event(Some(Platform::IPhone), SessionEventKind::Login { kicked }));
        assert_eq!(
            request.url.to_string(),
            "https://a.example/hook?SdkAppid=1400000001&CallbackCommand=State.StateChange&contenttype=json\
             &ClientIP=203.0.113.9&OptPlatform=IOS"
        );
        assert_eq!(
            request.body,
            r#"{"CallbackCommand":"State.StateChange","EventTime":1700000000123,"Info":{"Action":"Login","To_Account":"alice \"1\"","Reason":"Register","DeviceID":"d","Platform":"iOS","Version":"18446744073709551615","StatusType":2},"KickedDevice":[{"Platform":"iOS"},{"Platform":"iPad"},{"Platform":"Linux"}]}"#
        );
    }

    #[test]
    fn each_kind_has_its_action_and_reason() {
        let text = CustomStatus::new("busy", 100).unwrap();
        let busy = text.clone();
        for (kind, info) in [
            (
                SessionEventKind::Login { kicked: Vec::new() },
                r#""Action":"Login","To_Account":"alice \"1\"","Reason":"Register""#,
            ),
            (
                SessionEventKind::Logout,
                r#""Action":"Logout","To_Account":"alice \"1\"","Reason":"Unregister""#,
            ),
            (
                SessionEventKind::LinkClosed,
                r#""Action":"Disconnect","To_Account":"alice \"1\"","Reason":"LinkClose""#,
            ),
            (
                SessionEventKind::TimedOut,
                r#""Action":"Disconnect","To_Account":"alice \"1\"","Reason":"TimeOut""#,
            ),
            (
                SessionEventKind::CustomStatus(text),
                r#""Action":"CustomStatusChange","To_Account":"alice \"1\"","Reason":"SetCustomStatus","CustomStatus":"busy""#,
            ),
            (
                SessionEventKind::EndingCustomStatus { text: busy, expires: Timestamp(1_700_000_060_123) },
                r#""Action":"CustomStatusChange","To_Account":"alice \"1\"","Reason":"SetCustomStatus","CustomStatus":"busy","CustomExpires":1700000060123"#,
            ),
            (
                SessionEventKind::CustomStatusExpired,
                r#""Action":"CustomStatusChange","To_Account":"alice \"1\"","Reason":"CustomStatusExpired","CustomStatus":"""#,
            ),
            (
                SessionEventKind::CustomStatus(CustomStatus::NONE),
                r#""Action":"CustomStatusChange","To_Account":"alice \"1\"","Reason":"SetCustomStatus","CustomStatus":"""#,
            ),
        ] {
            let body = request(URL, "", event(Some(Platform::Web), kind)).body;
            assert_eq!(
                body,
                format!(
                    r#"{{"CallbackCommand":"State.StateChange","EventTime":1700000000123,"Info":{{{info},"DeviceID":"d","Platform":"Web","Version":"18446744073709551615","StatusType":2}}}}"#
                )
            );
        }
    }

    #[test]
    fn an_event_of_an_earlier_version_says_no_status() {
        let NoticeContent::Session(event) = event(None, SessionEventKind::Logout) else { unreachable!() };
        let body = request(URL, "", NoticeContent::Session(SessionEvent { after: None, ..event })).body;
        assert!(body.ends_with(r#""Reason":"Unregister"}}"#), "{body}");
    }

    #[test]
    fn the_visibility_is_told_unless_everyone_may_see_the_status() {
        for (visibility, end) in [
            (Visibility::Everyone, r#""StatusType":2}}"#),
            (Visibility::Friends, r#""StatusType":2,"Visibility":"friends"}}"#),
            (Visibility::Nobody, r#""StatusType":2,"Visibility":"nobody"}}"#),
        ] {
            let NoticeContent::Session(event) = event(None, SessionEventKind::Logout) else { unreachable!() };
            let after = event.after.map(|after| StatusAfter { visibility, ..after });
            let body = request(URL, "", NoticeContent::Session(SessionEvent { after, ..event })).body;
            assert!(body.ends_with(end), "{body}");
        }
    }

    #[test]
    fn what_is_done_on_behalf_of_a_user_names_no_device() {
        let body = request(URL, "", event(None, SessionEventKind::CustomStatus(CustomStatus::NONE))).body;
        assert!(body.contains(r#""Reason":"SetCustomStatus","CustomStatus":"","Version""#), "{body}");
    }

    #[test]
    fn platforms_have_the_names_of_the_cloud() {
        let names = Platform::ALL.map(|platform| {
            let target = request(URL, "", event(Some(platform), SessionEventKind::Logout)).url.target;
            target.rsplit_once("OptPlatform=").unwrap().1.to_owned()
        });
        assert_eq!(names, ["IOS", "Android", "iPad", "Windows", "Mac", "Linux", "Web"]);
        let on_behalf = request(URL, "", event(None, SessionEventKind::CustomStatus(CustomStatus::NONE)));
        assert!(on_behalf.url.target.ends_with("&ClientIP=&OptPlatform=RESTAPI"), "{on_behalf:?}");
        let expired = request(URL, "", event(None, SessionEventKind::CustomStatusExpired));
        assert!(expired.url.target.ends_with("&ClientIP=&OptPlatform=Unknown"), "{expired:?}");
    }

    #[test]
    fn with_a_token_the_request_is_signed() {
        let target = request(URL, "xxxxyyyy", event(None, SessionEventKind::Logout)).url.target;
        let signed =
            "&Sign=17773bc39a671d7b9aa835458704d2a6db81360a5940292b587d6d760d484061&RequestTime=1669872112";
        assert!(target.ends_with(signed), "{target}");
    }

    #[test]
    fn the_query_of_the_url_stays() {
        for (url, target) in [
            ("https://a.example", "/?SdkAppid="),
            ("https://a.example/?", "/?SdkAppid="),
            ("https://a.example/?key=1", "/?key=1&SdkAppid="),
            ("https://a.example/x?key=1&", "/x?key=1&SdkAppid="),
        ] {
            let request = request(url, "", event(None, SessionEventKind::Logout));
            assert!(request.url.target.starts_with(target), "{request:?}");
        }
    }

    #[test]
    fn a_push_has_the_message_and_the_devices() {
        let push = PushContent {
            from: UserId::new("bob").unwrap(),
            sequence: 7,
            at: Timestamp(1_700_000_000_999),
            text: "hi \"there\"".into(),
            unread: 3,
            devices: vec![Platform::IPhone, Platform::Android],
        };
        let request = request(URL, "", NoticeContent::Push(push));
        assert_eq!(
            request.body,
            r#"{"CallbackCommand":"Push.OfflineMessage","EventTime":1700000000999,"From_Account":"bob","To_Account":"alice \"1\"","MsgSeq":7,"MsgTime":1700000000,"Text":"hi \"there\"","UnreadMsgNum":3,"Devices":[{"Platform":"iOS"},{"Platform":"Android"}]}"#
        );
        assert!(request.url.target.contains("CallbackCommand=Push.OfflineMessage&"), "{request:?}");
    }

    #[test]
    fn the_delivery_is_named_alike_however_often_it_was_taken_in() {
        let one = notice(event(None, SessionEventKind::Logout));
        let again = Notice { id: 77, attempts: 3, ..one.clone() };
        let next = Notice { ordinal: one.ordinal + 1, ..one.clone() };
        assert_eq!(delivery(&one), delivery(&again));
        assert_ne!(delivery(&one), delivery(&next));
        assert_eq!(delivery(&one), "1400000001-1-616c69636520223122-1700000000123");
    }

    #[test]
    fn the_delivery_of_a_message_is_that_of_no_other_one_though_nothing_waits_in_between() {
        let push = |from: &str, sequence: u64, at: u64| {
            let from = UserId::new(from).unwrap();
            let (at, text, devices) = (Timestamp(at), "hi".to_owned(), Vec::new());
            let push = PushContent { from, sequence, at, text, unread: 1, devices };
            Notice { ordinal: 1, ..notice(NoticeContent::Push(push)) }
        };
        let one = push("bob", 7, 5);
        assert_eq!(delivery(&one), delivery(&Notice { id: 77, ordinal: 4, attempts: 3, ..one.clone() }));
        // The last of these messages is from a conversation that began again, after its app was deleted and created
        // again.
        for other in [push("bob", 8, 5), push("rob", 7, 5), push("bob", 7, 6)] {
            assert_ne!(delivery(&one), delivery(&other));
        }
        assert_eq!(delivery(&one), "1400000001-2-616c69636520223122-626f62-7-5");
    }
}

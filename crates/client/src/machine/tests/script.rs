//! Runs scripts of inputs on a machine, and writes transcripts of the effects.
//!
//! Each line of a script is an input. The transcript repeats it after `>`, and lists its effects below. `@` is the id
//! of the last sent message, `@2` the id of the one before it, and so on. A status is written as `user:version`.

use super::super::*;
use crate::event::KickedBy;
use crate::read::users;
use crate::request::Failure;
use crate::testing::{brief, status};
use crate::{TransportError, lists, read};
use expect_test::Expect;
use lamplight_model::Visibility;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body as Tell;
use std::fmt::Write as _;

/// Runs a script on a client without a login, and compares its transcript with the expected one.
pub(super) fn check(script: &str, expected: Expect) {
    let mut world = World::new(Platform::Linux);
    world.run(script);
    expected.assert_eq(&world.transcript);
}

/// A machine with a clock and a transcript.
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) now: Moment,
    pub(super) transcript: String,
    /// All messages that were sent.
    pub(super) sent: Vec<v1::ClientMessage>,
    jitter: Jitter,
    /// The number of calls that the application has made.
    pub(super) calls: u64,
    call_timeout: Duration,
}

impl World {
    pub(super) fn new(platform: Platform) -> Self {
        let device = DeviceId::new("device").unwrap();
        Self {
            machine: Machine::new(Identity { app: AppId(1), platform, device }),
            now: Moment(1_000_000),
            transcript: String::new(),
            sent: Vec::new(),
            jitter: Jitter::new(1.0),
            calls: 0,
            call_timeout: Duration::from_secs(3600),
        }
    }

    pub(super) fn run(&mut self, script: &str) {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "jitter" => self.jitter = Jitter::new(rest.parse().unwrap()),
                "timeout" => self.call_timeout = Duration::from_millis(rest.parse().unwrap()),
                "cached" => {
                    let cached = brief(self.machine.cache().iter());
                    writeln!(self.transcript, "> cached\n  {cached}").unwrap();
                }
                // Waits for the next deadline, and processes it.
                "next" => {
                    let due = self.machine.next_deadline().expect("something is due");
                    let waited = due.since(self.now).as_millis();
                    self.now = self.now.max(due);
                    writeln!(self.transcript, "> next, after {waited} ms").unwrap();
                    self.step(Input::Tick);
                }
                "wait" => {
                    self.now = self.now + Duration::from_millis(rest.parse().unwrap());
                    writeln!(self.transcript, "> {line}").unwrap();
                    self.step(Input::Tick);
                }
                _ => {
                    writeln!(self.transcript, "> {line}").unwrap();
                    let input = self.input(word, rest);
                    self.step(input);
                }
            }
        }
    }

    pub(super) fn step(&mut self, input: Input) {
        for effect in self.machine.step(input, self.now, self.jitter) {
            let line = match effect {
                Effect::OpenLink => "open".to_owned(),
                Effect::CloseLink => "close".to_owned(),
                Effect::Emit(event) => format!("! {}", show_event(&event)),
                Effect::Answer(call, result) => format!("call {}: {}", call.0, show_result(result)),
                Effect::Send(message) => {
                    let line = format!("send {}", show_message(&message));
                    self.sent.push(message);
                    line
                }
            };
            writeln!(self.transcript, "  {line}").unwrap();
        }
    }

    fn input(&mut self, word: &str, rest: &str) -> Input {
        let words = || rest.split_whitespace().map(str::to_owned).collect();
        match word {
            "login" => {
                let (call, deadline) = self.new_call();
                let (user, sig) = rest.split_once(' ').unwrap_or(("me", "sig"));
                Input::Login { call, deadline, user: UserId::new(user).unwrap(), user_sig: sig.to_owned() }
            }
            "renew" => self.call(Request::Login { user_sig: rest.to_owned(), resume: true }),
            "logout" => self.call(Request::Logout),
            "set" => self.call(Request::SetSelfStatus { text: rest.to_owned(), expires_in: 0 }),
            "get" => self.call(Request::GetUserStatus(words())),
            "sub" => self.call(Request::Subscribe(words())),
            "unsub" => self.call(Request::Unsubscribe(words())),
            "list" => self.call(Request::GetSubscriptions),
            "say" => self.call(Request::Lists(Box::new(Ask::SendMessage(v1::SendMessageRequest {
                to: "bob".to_owned(),
                text: rest.to_owned(),
                client_message_id: rest.to_owned(),
                custom: None,
            })))),
            "read" => self.call(Request::Lists(Box::new(Ask::MarkRead(v1::MarkReadRequest {
                peer: rest.to_owned(),
                sequence: 0,
            })))),
            "told" | "reload" => {
                let message = (word == "told").then(|| wire_message("news"));
                told(
                    0,
                    Tell::ListsChanged(v1::ListsChanged {
                        lists_version: rest.parse().unwrap(),
                        messages: message.into_iter().collect(),
                        reload: word == "reload",
                        ..v1::ListsChanged::default()
                    }),
                )
            }
            // `+bob` is blocked, `-cid` is unblocked; any other word is the visibility.
            "blocks" => {
                let words: Vec<&str> = rest.split_whitespace().collect();
                let pick = |sign| words.iter().filter_map(move |word| word.strip_prefix(sign));
                let blocked = |user: &str| v1::BlockedUser { user_id: user.to_owned(), blocked_at: 7 };
                let visibility = words.iter().find_map(|word| word.parse::<Visibility>().ok());
                told(
                    0,
                    Tell::ListsChanged(v1::ListsChanged {
                        lists_version: 1,
                        blocked: pick('+').map(blocked).collect(),
                        unblocked: pick('-').map(str::to_owned).collect(),
                        visibility: visibility
                            .map_or(0, |visibility| v1::Visibility::from(visibility).into()),
                        ..v1::ListsChanged::default()
                    }),
                )
            }
            "up" => Input::LinkUp,
            "down" => Input::LinkEnded(LinkEnd::Closed),
            "failed" => Input::LinkEnded(LinkEnd::Failed(TransportError::new("connecting", "no route"))),
            "network" => Input::NetworkChanged,
            // `last` sends the last part of a snapshot.
            "push" | "last" => told(
                0,
                Tell::StatusChanged(v1::StatusChanged {
                    statuses: wire_statuses(rest),
                    snapshot_complete: word == "last",
                }),
            ),
            "app" => told(0, Tell::AppChanged(v1::AppChanged { abilities: Some(abilities(rest == "on")) })),
            "changed" => {
                let pick = |sign| rest.split_whitespace().filter_map(move |word| word.strip_prefix(sign));
                // `-ann` is still watched as a friend, `!ann` is not.
                let (subscribed, unsubscribed, not_watched) = (pick('+'), pick('-'), pick('!'));
                let unsubscribed = unsubscribed.chain(not_watched.clone());
                told(
                    0,
                    Tell::SubscriptionsChanged(v1::SubscriptionsChanged {
                        subscribed: subscribed.map(str::to_owned).collect(),
                        unsubscribed: unsubscribed.map(str::to_owned).collect(),
                        not_watched: not_watched.map(str::to_owned).collect(),
                    }),
                )
            }
            "ended" => {
                let (cause, retry) = rest.split_once(' ').unwrap_or((rest, "0"));
                let cause = Cause::from_str_name(&format!("CAUSE_{cause}")).expect("a cause");
                told(
                    0,
                    Tell::ConnectionEnded(v1::ConnectionEnded {
                        cause: cause as i32,
                        message: "words".to_owned(),
                        by_platform: Platform::Mac as i32,
                        retry_after_ms: retry.parse().unwrap(),
                    }),
                )
            }
            "answer" => self.answer(rest),
            _ => panic!("{word}"),
        }
    }

    /// Parses the rest of a line `answer @ <kind> <what>` into the input with that answer.
    fn answer(&self, rest: &str) -> Input {
        let mut words = rest.split_whitespace();
        let back = words.next().and_then(|word| word.strip_prefix('@')).expect("@ or @n");
        let back: usize = if back.is_empty() { 1 } else { back.parse().unwrap() };
        let asking: Vec<_> = self.sent.iter().filter(|message| message.id != 0).collect();
        let id = asking[asking.len() - back].id;
        let kind = words.next().expect("a kind");
        let what: Vec<&str> = words.collect();
        let listed = |name: &str| -> Vec<String> {
            let found = what.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            found.map(|list| list.split(',').map(str::to_owned).collect()).unwrap_or_default()
        };
        let statuses = wire_statuses(
            &what.iter().filter(|word| word.contains(':')).copied().collect::<Vec<_>>().join(" "),
        );
        let failures: Vec<_> =
            listed("failed").into_iter().map(|user_id| v1::Failure { user_id, code: 70107 }).collect();
        let spread = || listed("spread").first().map_or(0, |spread| spread.parse().unwrap());
        let body = match kind {
            "login" => Tell::Login(v1::LoginResponse {
                heartbeat_timeout_ms: 400_000,
                server_time: 7,
                statuses,
                not_watched: listed("not_watched"),
                subscriptions_lost: what.contains(&"lost"),
                registered: false,
                subscriptions: listed("subscriptions"),
                lists_version: listed("lists").first().map_or(0, |version| version.parse().unwrap()),
                snapshot_complete: !what.contains(&"more"),
                abilities: Some(abilities(!what.contains(&"off"))),
                reconnect_spread_ms: spread(),
            }),
            "said" => Tell::SendMessage(v1::SendMessageResponse {
                message: Some(wire_message("hi")),
                repeated_send: false,
                lists_version: what[0].parse().unwrap(),
            }),
            "marked" => Tell::MarkRead(v1::MarkReadResponse {
                conversation: None,
                lists_version: what[0].parse().unwrap(),
            }),
            "no" => {
                Tell::Refusal(v1::Refusal { code: what[0].parse().unwrap(), message: "words".to_owned() })
            }
            "logout" => Tell::Logout(v1::LogoutResponse {}),
            "heartbeat" => Tell::Heartbeat(v1::Heartbeat { reconnect_spread_ms: spread() }),
            "set" => Tell::SetSelfStatus(v1::SetSelfStatusResponse { status: statuses.into_iter().next() }),
            "get" => Tell::GetUserStatus(v1::GetUserStatusResponse { statuses, failures }),
            "sub" => Tell::SubscribeUserStatus(v1::SubscribeUserStatusResponse {
                statuses,
                failures,
                evicted: listed("evicted"),
                not_watched: listed("not_watched"),
            }),
            "unsub" => Tell::UnsubscribeUserStatus(v1::UnsubscribeUserStatusResponse {
                failures,
                not_watched: listed("not_watched"),
            }),
            "list" => Tell::GetSubscriptions(v1::GetSubscriptionsResponse {
                user_ids: what.iter().map(|word| (*word).to_owned()).collect(),
                limit: 200,
            }),
            _ => panic!("{kind}"),
        };
        told(id, body)
    }

    fn call(&mut self, request: Request) -> Input {
        let (call, deadline) = self.new_call();
        Input::Call { call, deadline, request }
    }

    fn new_call(&mut self) -> (CallId, Moment) {
        self.calls += 1;
        (CallId(self.calls), self.now + self.call_timeout)
    }
}

fn told(id: u64, body: Tell) -> Input {
    Input::Received(Box::new(v1::ServerMessage { id, body: Some(body) }))
}

fn wire_statuses(words: &str) -> Vec<v1::UserStatus> {
    words.split_whitespace().map(|word| v1::UserStatus::from(&status(word))).collect()
}

fn show_message(message: &v1::ClientMessage) -> String {
    let body = match message.body.as_ref().expect("a client says something") {
        Ask::Login(login) => {
            let known: Vec<_> =
                login.known.iter().map(|known| format!("{}:{}", known.user_id, known.version)).collect();
            let resume = if login.resume { " resume" } else { "" };
            format!("login {} {}{resume} known=[{}]", login.user_id, login.user_sig, show_users(&known))
        }
        Ask::Logout(_) => "logout".to_owned(),
        Ask::SetSelfStatus(set) => format!("set {}", set.custom_status),
        Ask::GetUserStatus(get) => format!("get {}", show_users(&get.user_ids)),
        Ask::SubscribeUserStatus(sub) => format!("sub {}", show_users(&sub.user_ids)),
        Ask::UnsubscribeUserStatus(unsub) => format!("unsub {}", show_users(&unsub.user_ids)),
        Ask::GetSubscriptions(_) => "list".to_owned(),
        Ask::Heartbeat(_) => "heartbeat".to_owned(),
        Ask::SendMessage(message) => format!("say {}", message.text),
        Ask::MarkRead(read) => format!("read {}", read.peer),
        Ask::SetSelfInfo(_)
        | Ask::GetUsersInfo(_)
        | Ask::GetFriendList(_)
        | Ask::AddFriend(_)
        | Ask::DeleteFriends(_)
        | Ask::SetFriendRemark(_)
        | Ask::SetVisibility(_)
        | Ask::GetBlockList(_)
        | Ask::BlockUsers(_)
        | Ask::UnblockUsers(_)
        | Ask::GetHistory(_)
        | Ask::GetConversationList(_)
        | Ask::PinConversation(_)
        | Ask::DeleteConversation(_) => unreachable!("no script asks for it"),
    };
    let unasking = if message.id == 0 { " (no answer)" } else { "" };
    format!("{}{unasking}", body.trim_end())
}

fn wire_message(text: &str) -> v1::Message {
    let (from, to, text) = ("bob".to_owned(), "me".to_owned(), text.to_owned());
    v1::Message { from, to, text, sequence: 1, time: 1, client_message_id: "1".to_owned(), custom: None }
}

fn show_users(users: &[String]) -> String {
    if users.len() <= 5 {
        return users.join(" ");
    }
    format!("{} … {} ({})", users[0], users[users.len() - 1], users.len())
}

fn show_ids(ids: &[UserId]) -> String {
    show_users(&ids.iter().map(|user| user.as_str().to_owned()).collect::<Vec<_>>())
}

fn show_result(result: Result<Answer, Error>) -> String {
    let failed = |failures: &[Failure]| {
        let users: Vec<_> = failures.iter().map(|failure| failure.user_id.clone()).collect();
        if users.is_empty() { String::new() } else { format!(" failed={}", users.join(",")) }
    };
    match result {
        Ok(Answer::LoggedIn(_)) => "logged in".to_owned(),
        Ok(Answer::LoggedOut) => "logged out".to_owned(),
        Ok(Answer::SelfStatus(status)) => brief([&status]),
        Ok(Answer::Statuses(told)) => format!("{}{}", brief(&told.statuses), failed(&told.failures)),
        Ok(Answer::Subscribed(told)) => {
            let evicted = show_ids(&told.evicted);
            format!("{}{} evicted=[{evicted}]", brief(&told.statuses), failed(&told.failures))
        }
        Ok(Answer::Unsubscribed(told)) => format!("unsubscribed{}", failed(&told.failures)),
        Ok(Answer::Subscriptions(told)) => format!("list {}", show_ids(&told.users)),
        Ok(Answer::Lists(told)) => match lists::version_of(&told) {
            Some(version) => format!("done, lists are at {version}"),
            None => format!("{told:?}"),
        },
        Err(error) => format!("error {error}"),
    }
}

fn abilities(on: bool) -> v1::Abilities {
    let refusal_code = if on { 0 } else { 72001 };
    v1::Abilities { statuses_of_others: on, refusal_code, ..v1::Abilities::default() }
}

fn show_event(event: &Event) -> String {
    match event {
        Event::StatusChanged(statuses) => brief(statuses),
        Event::NotWatched(users) => format!("not watched: {}", show_ids(users)),
        Event::ConnectFailed { why, retry_in } => format!("connect failed: {why}; retry {retry_in:?}"),
        Event::Disconnected { why, retry_in } => format!("disconnected: {why}; retry {retry_in:?}"),
        Event::KickedOffline { by: KickedBy::OtherLogin { platform } } => format!("kicked by {platform:?}"),
        Event::SubscriptionsChanged { subscribed, unsubscribed } => {
            format!("list changed: + {} - {}", show_ids(subscribed), show_ids(unsubscribed))
        }
        Event::MessagesReceived(messages) => format!("message: {}", messages[0].body.shown()),
        Event::ListsOutdated => "lists outdated".to_owned(),
        Event::AbilitiesChanged(able) => format!("abilities: refusal {:?}", able.refusal),
        Event::BlockListChanged { blocked, unblocked } => {
            let blocked: Vec<_> =
                blocked.iter().map(|entry| format!("{}@{}", entry.id, entry.since.0)).collect();
            format!("block list: + {} - {}", blocked.join(" "), show_ids(unblocked))
        }
        Event::Connecting
        | Event::VisibilityChanged(_)
        | Event::ConversationsChanged { .. }
        | Event::FriendListChanged { .. }
        | Event::SelfInfoChanged(_)
        | Event::UsersInfoChanged(_)
        | Event::Connected { .. }
        | Event::KickedOffline { by: KickedBy::Operator }
        | Event::UserSigExpired
        | Event::AccountDeleted
        | Event::Superseded
        | Event::LoginRefused(_)
        | Event::LoggedOut
        | Event::Missed { .. } => format!("{event:?}"),
    }
}

/// Returns the lines for a subscription to this many users, and for its answer. Each status has version 1.
pub(super) fn subscribed_to(count: usize) -> (String, String) {
    let names: Vec<_> = (0..count).map(|n| format!("u{n:03}")).collect();
    let statuses: Vec<_> = names.iter().map(|name| format!("{name}:1")).collect();
    (format!("sub {}", names.join(" ")), format!("answer @ sub {}", statuses.join(" ")))
}

#[test]
fn users_that_are_none_are_left_out() {
    assert_eq!(users(&["ann".to_owned(), String::new()]).len(), 1);
    assert!(read::statuses(vec![v1::UserStatus::default()]).is_empty());
}

//! Runs the scripts that all SDKs share. They are in `tests/sdk` of this crate. The README there describes their
//! language.

use super::super::*;
use crate::LinkEnd;
use crate::event::KickedBy;
use crate::testing::{brief, status};
use expect_test::{ExpectFile, expect_file};
use lamplight_model::Visibility;
use lamplight_wire::v1::connection_ended::Cause;
use lamplight_wire::v1::server_message::Body as Tell;
use std::fmt::Write as _;

/// The heartbeat timeout in every answer to a login.
const HEARTBEAT_TIMEOUT_MS: u32 = 60_000;

/// The features of scripts that this SDK lacks. The application reports network changes, and the SDK detects a sleep by
/// its clock.
const ABSENT: [&str; 3] = ["page", "offline", "wake"];

#[test]
fn the_connection_is_that_of_the_scripts_that_the_sdks_share() {
    check(
        include_str!("../../../tests/sdk/connection.txt"),
        expect_file!["../../../tests/sdk/connection.txt"],
    );
}

#[test]
fn logins_after_logouts_are_those_of_the_scripts_that_the_sdks_share() {
    check(include_str!("../../../tests/sdk/relogin.txt"), expect_file!["../../../tests/sdk/relogin.txt"]);
}

#[test]
fn calls_are_those_of_the_scripts_that_the_sdks_share() {
    check(include_str!("../../../tests/sdk/calls.txt"), expect_file!["../../../tests/sdk/calls.txt"]);
}

#[test]
fn lists_are_restored_as_in_the_scripts_that_the_sdks_share() {
    check(include_str!("../../../tests/sdk/restore.txt"), expect_file!["../../../tests/sdk/restore.txt"]);
}

#[test]
fn lists_are_those_of_the_scripts_that_the_sdks_share() {
    check(include_str!("../../../tests/sdk/lists.txt"), expect_file!["../../../tests/sdk/lists.txt"]);
}

#[test]
fn heartbeats_are_those_of_the_scripts_that_the_sdks_share() {
    check(
        include_str!("../../../tests/sdk/heartbeats.txt"),
        expect_file!["../../../tests/sdk/heartbeats.txt"],
    );
}

/// Runs the scenarios of a file, and compares the actual effects with those in the file.
fn check(scripts: &str, expected: ExpectFile) {
    let mut played = String::new();
    let mut scenarios = 0;
    let mut player: Option<Player> = None;
    for line in scripts.lines() {
        if line.starts_with("  ") {
            // An expected effect. The actual effects are written in its place, unless the scenario is skipped.
            if player.as_ref().is_some_and(|player| player.is_left_out) {
                writeln!(played, "{line}").unwrap();
            }
            continue;
        }
        writeln!(played, "{line}").unwrap();
        if line.starts_with("## ") {
            scenarios += 1;
            player = Some(Player::new());
        } else if !line.is_empty() && !line.starts_with("# ") {
            let player = player.as_mut().expect("a scenario has a name");
            for effect in in_short(player.line(line)) {
                writeln!(played, "  {effect}").unwrap();
            }
        }
    }
    assert!(scenarios > 5, "{scenarios}");
    expected.assert_eq(&played);
}

/// Shortens a list of effects: more than three equal effects in a row become one, with the number.
fn in_short(effects: Vec<String>) -> Vec<String> {
    let runs = effects.chunk_by(|one, other| one == other);
    let shown =
        runs.map(
            |run| if run.len() > 3 { vec![format!("{} times {}", run.len(), run[0])] } else { run.to_vec() },
        );
    shown.flatten().collect()
}

/// One scenario: a machine, a clock, and the requests of the current link.
struct Player {
    machine: Machine,
    now: Moment,
    jitter: Jitter,
    timeout: Duration,
    calls: u64,
    /// The requests of the current link that have no answer yet, oldest first.
    unanswered: Vec<(u64, Ask)>,
    /// Whether the scenario is skipped, because it needs a feature that this SDK does not have.
    is_left_out: bool,
}

impl Player {
    fn new() -> Self {
        Self {
            machine: machine(Platform::Linux),
            now: Moment(1_000_000),
            jitter: Jitter::new(1.0),
            timeout: Duration::from_secs(10),
            calls: 0,
            unanswered: Vec::new(),
            is_left_out: false,
        }
    }

    /// Runs a line of the script, and returns the effects.
    fn line(&mut self, line: &str) -> Vec<String> {
        if self.is_left_out {
            return Vec::new();
        }
        let Some(input) = line.strip_prefix("> ") else {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("platform", "web") => self.machine = machine(Platform::Web),
                ("timeout", millis) => self.timeout = self::millis(millis),
                ("needs", feature) if ABSENT.contains(&feature) => self.is_left_out = true,
                ("live", "") => {
                    for line in ["> login me sig", "> up", "> answer login me:1 ann:5"] {
                        self.line(line);
                    }
                }
                _ => panic!("{line} means nothing"),
            }
            return Vec::new();
        };
        let (word, rest) = input.split_once(' ').unwrap_or((input, ""));
        match word {
            "jitter" => {
                self.jitter = Jitter::new(rest.parse().unwrap());
                Vec::new()
            }
            "timeout" => {
                self.timeout = millis(rest);
                Vec::new()
            }
            "many" => {
                let (times, call) = rest.split_once(' ').expect("a number and a call");
                for _ in 0..times.parse().unwrap() {
                    self.line(&format!("> {call}"));
                }
                Vec::new()
            }
            "cache" => vec![format!("holds {}", brief(self.machine.cache().iter())).trim_end().to_owned()],
            "subscriptions" => {
                let users = self.machine.session.iter().flat_map(|session| &session.subscriptions);
                vec![users.fold("holds".to_owned(), |shown, user| format!("{shown} {user}"))]
            }
            "wait" => self.wait(millis(rest)),
            "sleep" => {
                self.now = self.now + millis(rest);
                self.step(Input::Tick)
            }
            "next" => {
                let Some(due) = self.machine.next_deadline() else { return vec!["idle".to_owned()] };
                let waited = due.since(self.now).as_millis();
                self.now = self.now.max(due);
                let mut effects = vec![format!("after {waited}")];
                effects.extend(self.step(Input::Tick));
                effects
            }
            _ => {
                let input = self.input(word, rest);
                self.step(input)
            }
        }
    }

    /// Advances the time, and processes each deadline when it is due.
    fn wait(&mut self, span: Duration) -> Vec<String> {
        let end = self.now + span;
        let mut effects = Vec::new();
        while let Some(due) = self.machine.next_deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            effects.extend(self.step(Input::Tick));
        }
        self.now = end;
        effects
    }

    fn step(&mut self, input: Input) -> Vec<String> {
        let mut shown = Vec::new();
        for effect in self.machine.step(input, self.now, self.jitter) {
            match effect {
                Effect::OpenLink => {
                    self.unanswered.clear();
                    shown.push("open".to_owned());
                }
                Effect::CloseLink => shown.push("close".to_owned()),
                Effect::Send(message) => {
                    let body = message.body.expect("a client says something");
                    let unasking = if message.id == 0 { " unasking" } else { "" };
                    shown.push(format!("send {}{unasking}", show_request(&body)));
                    if message.id != 0 {
                        self.unanswered.push((message.id, body));
                    }
                }
                Effect::Answer(call, result) => {
                    shown.push(format!("call {}: {}", call.0, show_result(&result)))
                }
                Effect::Emit(event) => shown.extend(show_event(&event).map(|event| format!("! {event}"))),
            }
        }
        shown
    }

    fn input(&mut self, word: &str, rest: &str) -> Input {
        match word {
            "login" => {
                let (user, sig) = rest.split_once(' ').expect("a user and a UserSig");
                let (call, deadline) = self.new_call();
                Input::Login { call, deadline, user: UserId::new(user).unwrap(), user_sig: sig.to_owned() }
            }
            "up" => Input::LinkUp,
            "down" => Input::LinkEnded(LinkEnd::Closed),
            "network" => Input::NetworkChanged,
            "push" => {
                let snapshot_complete = has(rest, "complete");
                told(
                    0,
                    Tell::StatusChanged(v1::StatusChanged { statuses: statuses(rest), snapshot_complete }),
                )
            }
            "changed" => {
                let (subscribed, not_watched) = (signed(rest, '+'), signed(rest, '!'));
                let unsubscribed = [signed(rest, '-'), not_watched.clone()].concat();
                let changed = v1::SubscriptionsChanged { subscribed, unsubscribed, not_watched };
                told(0, Tell::SubscriptionsChanged(changed))
            }
            "lists" => {
                let (version, rest) = rest.split_once(' ').unwrap_or((rest, ""));
                let friend = |mutual| move |user_id| v1::Friend { user_id, mutual, ..v1::Friend::default() };
                let one_sided = signed(rest, '~').into_iter().map(friend(false));
                let mutual = signed(rest, '=').into_iter().map(friend(true));
                let changed = v1::ListsChanged {
                    lists_version: version.parse().unwrap(),
                    reload: has(rest, "reload"),
                    friends: one_sided.chain(mutual).collect(),
                    deleted_friends: signed(rest, '-'),
                    ..v1::ListsChanged::default()
                };
                told(0, Tell::ListsChanged(changed))
            }
            "app" => told(0, Tell::AppChanged(v1::AppChanged { abilities: Some(abilities(rest == "on")) })),
            "ended" => {
                let (cause, retry) = rest.split_once(' ').unwrap_or((rest, "0"));
                let cause = Cause::from_str_name(&format!("CAUSE_{cause}")).expect("a cause");
                let ended = v1::ConnectionEnded {
                    cause: cause as i32,
                    message: "words".to_owned(),
                    by_platform: Platform::Mac as i32,
                    retry_after_ms: retry.parse().unwrap(),
                };
                told(0, Tell::ConnectionEnded(ended))
            }
            "answer" => {
                let (kind, what) = rest.split_once(' ').unwrap_or((rest, ""));
                let id = self.take(kind);
                match what.strip_prefix("as ") {
                    Some(other) => told(id, answer(other, "")),
                    None => told(id, answer(kind, what)),
                }
            }
            "refuse" => {
                let (kind, code) = rest.split_once(' ').expect("a kind and a code");
                let refusal = v1::Refusal { code: code.parse().unwrap(), message: "words".to_owned() };
                told(self.take(kind), Tell::Refusal(refusal))
            }
            _ => {
                let (call, deadline) = self.new_call();
                Input::Call { call, deadline, request: request(word, rest) }
            }
        }
    }

    /// Returns the id of the oldest unanswered request of this kind.
    fn take(&mut self, kind: &str) -> u64 {
        let is_asked = |(_, body): &(u64, Ask)| {
            let shown = show_request(body);
            let word = shown.split(' ').next().unwrap_or_default();
            word == kind || (word == "resume" && kind == "login")
        };
        let place = self.unanswered.iter().position(is_asked);
        let place = place.unwrap_or_else(|| panic!("no {kind} waits for its answer"));
        self.unanswered.remove(place).0
    }

    fn new_call(&mut self) -> (CallId, Moment) {
        self.calls += 1;
        (CallId(self.calls), self.now + self.timeout)
    }
}

fn machine(platform: Platform) -> Machine {
    Machine::new(Identity { app: AppId(1), platform, device: DeviceId::new("device").unwrap() })
}

fn millis(text: &str) -> Duration {
    Duration::from_millis(text.parse().unwrap())
}

fn told(id: u64, body: Tell) -> Input {
    Input::Received(Box::new(v1::ServerMessage { id, body: Some(body) }))
}

fn statuses(words: &str) -> Vec<v1::UserStatus> {
    let named = words.split_whitespace().filter(|word| word.contains(':'));
    named.map(|word| v1::UserStatus::from(&status(word))).collect()
}

fn has(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|one| one == word)
}

/// Returns the users whose names are preceded by `sign`.
fn signed(words: &str, sign: char) -> Vec<String> {
    words.split_whitespace().filter_map(|word| word.strip_prefix(sign)).map(str::to_owned).collect()
}

/// Returns the number after this name; 0 if the name is missing.
fn number(words: &str, name: &str) -> u64 {
    let found = words.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    found.map_or(0, |number| number.parse().unwrap())
}

fn abilities(is_on: bool) -> v1::Abilities {
    let refusal_code = if is_on { 0 } else { Code::STATUS_SWITCHED_OFF.number() };
    v1::Abilities { statuses_of_others: is_on, refusal_code, ..v1::Abilities::default() }
}

/// Parses a call in the notation of the scripts.
fn request(word: &str, rest: &str) -> Request {
    let text = || rest.to_owned();
    let users = || rest.split_whitespace().map(str::to_owned).collect();
    let lists = |ask| Request::Lists(Box::new(ask));
    match word {
        "logout" => Request::Logout,
        "set" => Request::SetSelfStatus { text: text(), expires_in: 0 },
        "get" => Request::GetUserStatus(users()),
        "sub" => Request::Subscribe(users()),
        "unsub" => Request::Unsubscribe(users()),
        "list" => Request::GetSubscriptions,
        "message" => {
            let [to, id, text] = rest.splitn(3, ' ').collect::<Vec<_>>()[..] else { panic!("{rest}") };
            let (to, client_message_id, text) = (to.to_owned(), id.to_owned(), text.to_owned());
            lists(Ask::SendMessage(v1::SendMessageRequest { to, text, client_message_id, custom: None }))
        }
        "read" => lists(Ask::MarkRead(v1::MarkReadRequest { peer: text(), sequence: 0 })),
        "pin" => lists(Ask::PinConversation(v1::PinConversationRequest { peer: text(), pinned: true })),
        "delete" => lists(Ask::DeleteConversation(v1::DeleteConversationRequest { peer: text() })),
        "history" => lists(Ask::GetHistory(v1::GetHistoryRequest { peer: text(), ..Default::default() })),
        "conversations" => lists(Ask::GetConversationList(v1::GetConversationListRequest::default())),
        "users" => lists(Ask::GetUsersInfo(v1::GetUsersInfoRequest { user_ids: users() })),
        "nick" => {
            lists(Ask::SetSelfInfo(v1::SetSelfInfoRequest { nick: Some(text()), ..Default::default() }))
        }
        "friends" => lists(Ask::GetFriendList(v1::GetFriendListRequest::default())),
        "befriend" => lists(Ask::AddFriend(v1::AddFriendRequest { user_id: text(), ..Default::default() })),
        "unfriend" => {
            lists(Ask::DeleteFriends(v1::DeleteFriendsRequest { user_ids: users(), single: false }))
        }
        "remark" => {
            let (user, remark) = rest.split_once(' ').expect("a user and a remark");
            let (user_id, remark) = (user.to_owned(), remark.to_owned());
            lists(Ask::SetFriendRemark(v1::SetFriendRemarkRequest { user_id, remark }))
        }
        "visibility" => {
            let visibility: Visibility = rest.parse().expect("a visibility");
            let visibility = v1::Visibility::from(visibility).into();
            lists(Ask::SetVisibility(v1::SetVisibilityRequest { visibility }))
        }
        "blocked" => lists(Ask::GetBlockList(v1::GetBlockListRequest {})),
        "block" => lists(Ask::BlockUsers(v1::BlockUsersRequest { user_ids: users() })),
        "unblock" => lists(Ask::UnblockUsers(v1::UnblockUsersRequest { user_ids: users() })),
        _ => panic!("{word} means nothing"),
    }
}

/// Makes the server's answer to a request of this kind.
fn answer(kind: &str, what: &str) -> Tell {
    let reconnect_spread_ms = number(what, "spread").try_into().unwrap();
    let lists_version = number(what, "lists");
    let statuses = statuses(what);
    let has = |word| has(what, word);
    let code = Code::NO_SUCH_ACCOUNT.number();
    let item_failures = || -> Vec<v1::ItemFailure> {
        let failed = signed(what, '-').into_iter();
        failed.map(|user_id| v1::ItemFailure { user_id, code, ..Default::default() }).collect()
    };
    match kind {
        "login" => Tell::Login(v1::LoginResponse {
            heartbeat_timeout_ms: HEARTBEAT_TIMEOUT_MS,
            statuses,
            snapshot_complete: !has("more"),
            subscriptions_lost: has("lost"),
            not_watched: signed(what, '!'),
            subscriptions: signed(what, '+'),
            lists_version,
            abilities: (has("on") || has("off")).then(|| abilities(has("on"))),
            reconnect_spread_ms,
            ..v1::LoginResponse::default()
        }),
        "heartbeat" => Tell::Heartbeat(v1::Heartbeat { reconnect_spread_ms }),
        "logout" => Tell::Logout(v1::LogoutResponse {}),
        "set" => Tell::SetSelfStatus(v1::SetSelfStatusResponse { status: statuses.into_iter().next() }),
        "get" => Tell::GetUserStatus(v1::GetUserStatusResponse { statuses, failures: Vec::new() }),
        "sub" => {
            let failures = signed(what, '-').into_iter().map(|user_id| v1::Failure { user_id, code });
            Tell::SubscribeUserStatus(v1::SubscribeUserStatusResponse {
                statuses,
                failures: failures.collect(),
                evicted: signed(what, '<'),
                not_watched: signed(what, '!'),
            })
        }
        "unsub" => Tell::UnsubscribeUserStatus(v1::UnsubscribeUserStatusResponse {
            not_watched: signed(what, '!'),
            ..Default::default()
        }),
        "list" => Tell::GetSubscriptions(v1::GetSubscriptionsResponse {
            user_ids: signed(what, '+'),
            ..Default::default()
        }),
        "message" => Tell::SendMessage(v1::SendMessageResponse {
            lists_version,
            repeated_send: has("repeated"),
            ..Default::default()
        }),
        "read" => Tell::MarkRead(v1::MarkReadResponse { lists_version, ..Default::default() }),
        "pin" => Tell::PinConversation(v1::PinConversationResponse::default()),
        "delete" => Tell::DeleteConversation(v1::DeleteConversationResponse::default()),
        "history" => Tell::GetHistory(v1::GetHistoryResponse::default()),
        "conversations" => {
            Tell::GetConversationList(v1::GetConversationListResponse { lists_version, ..Default::default() })
        }
        "users" => Tell::GetUsersInfo(v1::GetUsersInfoResponse::default()),
        "nick" => Tell::SetSelfInfo(v1::SetSelfInfoResponse::default()),
        "friends" => Tell::GetFriendList(v1::GetFriendListResponse::default()),
        "befriend" => Tell::AddFriend(v1::AddFriendResponse::default()),
        "unfriend" => {
            Tell::DeleteFriends(v1::DeleteFriendsResponse { failures: item_failures(), lists_version })
        }
        "visibility" => Tell::SetVisibility(v1::SetVisibilityResponse { lists_version }),
        "blocked" => Tell::GetBlockList(v1::GetBlockListResponse { lists_version, ..Default::default() }),
        "block" => Tell::BlockUsers(v1::BlockUsersResponse {
            failures: item_failures(),
            lists_version,
            ..Default::default()
        }),
        "unblock" => {
            Tell::UnblockUsers(v1::UnblockUsersResponse { failures: item_failures(), lists_version })
        }
        "remark" => Tell::SetFriendRemark(v1::SetFriendRemarkResponse::default()),
        _ => panic!("{kind} has no answer"),
    }
}

/// Formats a request in the notation of the scripts.
fn show_request(body: &Ask) -> String {
    match body {
        Ask::Login(login) => {
            let kind = if login.resume { "resume" } else { "login" };
            let mut shown = format!("{kind} {} {}", login.user_id, login.user_sig);
            for known in &login.known {
                write!(shown, " {}:{}", known.user_id, known.version).unwrap();
            }
            shown
        }
        Ask::Heartbeat(_) => "heartbeat".to_owned(),
        Ask::Logout(_) => "logout".to_owned(),
        Ask::SetSelfStatus(set) => format!("set {}", set.custom_status),
        Ask::GetUserStatus(get) => format!("get {}", get.user_ids.join(" ")),
        Ask::SubscribeUserStatus(sub) => format!("sub {}", sub.user_ids.join(" ")),
        Ask::UnsubscribeUserStatus(unsub) => format!("unsub {}", unsub.user_ids.join(" ")),
        Ask::GetSubscriptions(_) => "list".to_owned(),
        Ask::SendMessage(message) => {
            format!("message {} {} {}", message.to, message.client_message_id, message.text)
        }
        Ask::MarkRead(read) => format!("read {}", read.peer),
        Ask::PinConversation(pin) => format!("pin {}", pin.peer),
        Ask::DeleteConversation(delete) => format!("delete {}", delete.peer),
        Ask::GetHistory(history) => format!("history {}", history.peer),
        Ask::GetConversationList(_) => "conversations".to_owned(),
        Ask::GetUsersInfo(users) => format!("users {}", users.user_ids.join(" ")),
        Ask::SetSelfInfo(info) => format!("nick {}", info.nick.as_deref().unwrap_or_default()),
        Ask::GetFriendList(_) => "friends".to_owned(),
        Ask::AddFriend(add) => format!("befriend {}", add.user_id),
        Ask::DeleteFriends(delete) => format!("unfriend {}", delete.user_ids.join(" ")),
        Ask::SetFriendRemark(set) => format!("remark {} {}", set.user_id, set.remark),
        Ask::SetVisibility(set) => {
            let visibility = v1::Visibility::named(set.visibility).expect("a request names a visibility");
            format!("visibility {visibility}")
        }
        Ask::GetBlockList(_) => "blocked".to_owned(),
        Ask::BlockUsers(block) => format!("block {}", block.user_ids.join(" ")),
        Ask::UnblockUsers(unblock) => format!("unblock {}", unblock.user_ids.join(" ")),
    }
}

fn show_result(result: &Result<Answer, Error>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => error.code().map_or("no code".to_owned(), |code| code.to_string()),
    }
}

/// Formats an event in the notation of the scripts; `None` for a kind that scripts do not contain.
fn show_event(event: &Event) -> Option<String> {
    let ended = match event {
        Event::Connecting => return Some("connecting".to_owned()),
        Event::Connected { .. } => return Some("connected".to_owned()),
        Event::ConnectFailed { retry_in: None, .. } => return Some("connect failed".to_owned()),
        Event::ConnectFailed { retry_in: Some(wait), .. } => {
            return Some(format!("connect failed, again in {}", wait.as_millis()));
        }
        Event::Disconnected { retry_in, .. } => {
            return Some(format!("disconnected, again in {}", retry_in.as_millis()));
        }
        Event::StatusChanged(statuses) => return Some(format!("status {}", brief(statuses))),
        Event::SubscriptionsChanged { subscribed, unsubscribed } => {
            let added = subscribed.iter().map(|user| format!(" +{user}"));
            let left = unsubscribed.iter().map(|user| format!(" -{user}"));
            return Some(added.chain(left).fold("subscriptions".to_owned(), |shown, word| shown + &word));
        }
        Event::AbilitiesChanged(able) => {
            return Some(format!("abilities {}", if able.statuses_of_others { "on" } else { "off" }));
        }
        Event::ListsOutdated => return Some("lists outdated".to_owned()),
        Event::NotWatched(_)
        | Event::MessagesReceived(_)
        | Event::ConversationsChanged { .. }
        | Event::FriendListChanged { .. }
        | Event::BlockListChanged { .. }
        | Event::VisibilityChanged(_)
        | Event::SelfInfoChanged(_)
        | Event::UsersInfoChanged(_)
        | Event::Missed { .. } => return None,
        Event::LoggedOut => "logged out".to_owned(),
        Event::KickedOffline { by: KickedBy::OtherLogin { .. } } => "kicked by login".to_owned(),
        Event::KickedOffline { by: KickedBy::Operator } => "kicked by operator".to_owned(),
        Event::UserSigExpired => "expired".to_owned(),
        Event::AccountDeleted => "deleted".to_owned(),
        Event::Superseded => "superseded".to_owned(),
        Event::LoginRefused(refused) => format!("refused {}", refused.code),
    };
    Some(format!("ended {ended}"))
}

//! Runs the scripts on one record, and collects the result of each line.

use crate::laws::Record;
use lamplight_core::{EndCause, Ended, LinkEnd, Presence, Removed, Transition, UserFacts};
use lamplight_model::{
    ConnectionId, CustomDuration, CustomStatus, DeviceId, Platform, Reason, Revoked, SessionEvent,
    SessionEventKind, Timestamp, UserId, Version,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// Runs a script and compares the result of each line with the expected one.
pub fn check(script: &str) {
    let (expected, actual) = World::default().run(script);
    assert!(expected == actual, "the script says\n\n{expected}\nbut it went\n\n{actual}");
}

/// One user with their devices and a clock.
pub struct World {
    record: Record,
    /// The connections of each device, oldest first.
    connections: BTreeMap<String, Vec<ConnectionId>>,
    next_connection: u64,
    /// The connection over which the user's calls come; `None` before the first connection.
    newest: Option<ConnectionId>,
    last_login_lost_its_list: bool,
}

impl Default for World {
    fn default() -> Self {
        Self {
            record: Record::new(Default::default()),
            connections: BTreeMap::new(),
            next_connection: 1,
            newest: None,
            last_login_lost_its_list: false,
        }
    }
}

impl World {
    /// Returns the script with its expected and with its actual results. Spaces are normalised.
    pub fn run(mut self, script: &str) -> (String, String) {
        let (mut expected, mut actual) = (String::new(), String::new());
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (action, said) = match line.split_once("=>") {
                Some((action, said)) => (action.trim(), Some(said.trim())),
                None => (line, None),
            };
            let went = self.act(action);
            expected += &format!("{action} => {}\n", said.unwrap_or(&went));
            actual += &format!("{action} => {went}\n");
        }
        (expected, actual)
    }

    pub fn act(&mut self, action: &str) -> String {
        let (verb, rest) = action.split_once(' ').unwrap_or((action, ""));
        let words: Vec<&str> = rest.split_whitespace().collect();
        match verb {
            // Logins, links and ends of devices
            "login" => self.login(words[0], words[1].parse().unwrap()),
            "close" => self.disconnect(words[0], LinkEnd::Closed),
            "renew" => {
                let (issued, now) = (Record::START.as_secs() + duration(words[0]).as_secs(), self.record.now);
                let _ = self.record.step(|me, _, _| me.note_sig(None, issued, now.wall));
                "-".into()
            }
            "heard" => {
                self.record.heard = Some(Record::START.after(duration(words[0])));
                "-".into()
            }
            "timeout" => self.disconnect(words[0], LinkEnd::TimedOut),
            "node_lost" => self.disconnect(words[0], LinkEnd::NodeLost),
            "logout" => {
                let connection = self.connection(words[0]);
                let done = self.record.step(|me, settings, now| me.logout(connection, settings, now));
                self.tell(&done) + too_late(done.outcome.is_some())
            }
            "sig_expired" => {
                let connection = self.connection(words[0]);
                let done = self.record.step(|me, settings, now| me.expire_sig(connection, settings, now));
                self.tell(&done) + too_late(done.outcome.is_some())
            }
            "kick" => {
                let (through, revoked) = (self.record.last_login, self.record.revoked_now());
                let done = self.record.step(|me, settings, now| me.kick(through, &revoked, settings, now));
                self.tell(&done) + &who_was_away(&done.outcome.0)
            }
            "delete" => {
                let (through, revoked) = (self.record.last_login, self.record.revoked_now());
                let done = self.record.step(|me, settings, now| me.delete(through, &revoked, settings, now));
                self.tell(&done) + &who_was_away(&done.outcome.0)
            }

            // Calls of the user
            "custom" => {
                let by = self.newest;
                let text = CustomStatus::new(rest, 100).unwrap();
                let done =
                    self.record.step(|me, settings, now| me.set_custom_status(text, by, settings, now));
                let refused = done.outcome.map_err(|code| format!("; refused {}", code.number()));
                self.tell(&done) + &refused.err().unwrap_or_default()
            }
            // `custom_for 60s busy` sets a text with a duration.
            "custom_for" | "on_behalf_for" => {
                let by = self.newest.filter(|_| verb == "custom_for");
                let text = CustomStatus::new(&words[1..].join(" "), 100).unwrap();
                let seconds = duration(words[0]).as_secs().try_into().unwrap();
                let lasts = CustomDuration::of(&text, seconds).unwrap();
                let done = self
                    .record
                    .step(|me, settings, now| me.set_custom_status_for(text, lasts, by, settings, now));
                let refused = done.outcome.map_err(|code| format!("; refused {}", code.number()));
                self.tell(&done) + &refused.err().unwrap_or_default()
            }
            "end_custom" => {
                let done = self.record.step(|me, settings, now| me.end_custom_status(settings, now));
                self.tell(&done)
            }
            "subscribe" => {
                let users = ids(&words);
                let done = self.record.step(|me, settings, now| me.subscribe(&users, settings, now.moment));
                self.tell(&done)
            }
            "unsubscribe" => {
                let users = ids(&words);
                let done = self.record.step(|me, _, _| me.unsubscribe(Some(&users)));
                self.tell(&done)
            }
            "unsubscribe_all" => {
                let done = self.record.step(|me, _, _| me.unsubscribe(None));
                self.tell(&done)
            }

            // The account was taken off all lists after its last deletion, or after an earlier one with this number.
            "off_lists" => {
                let last = self.record.presence.may_be_on_lists().unwrap_or_default();
                let through = words.first().map_or(last, |number| number.parse().unwrap());
                let done = self.record.step(|me, _, _| me.taken_off_lists(through));
                self.tell(&done)
            }

            // Time, restarts and facts
            "wait" => self.wait(duration(words[0])),
            "clock" => {
                let millis = duration(&words[0][1..]).as_millis() as u64;
                let wall = self.record.now.wall.0;
                let back = words[0].starts_with('-');
                self.record.now.wall = Timestamp(if back { wall - millis } else { wall + millis });
                "-".into()
            }
            "restart" => {
                self.record.restart(words.get(1).map_or(Duration::ZERO, |down| duration(down)));
                "-".into()
            }
            "facts" => {
                let facts = UserFacts { logins: self.logins(rest), ..UserFacts::default() };
                let Record { settings, now, .. } = &self.record;
                let version = Version::at(now.wall);
                self.record.presence =
                    Presence::from_facts(facts, version, now.wall, true, settings, now.moment);
                "-".into()
            }
            // `adopt kicked …` means that, according to the facts, an operator has kicked the user meanwhile.
            "adopt" => {
                let (rest, kicked) = rest.strip_prefix("kicked").map_or((rest, false), |rest| (rest, true));
                let mut facts = UserFacts::default();
                if kicked {
                    facts.ended_through = self.record.last_login;
                    facts.revoked = Some(Revoked::new(self.record.now.wall, []));
                }
                facts.logins = self.logins(rest);
                let done = self.record.adopt(&facts);
                self.tell(&done)
            }
            "set" => self.set(words[0], words[1]),

            // Session events for the app's backend: prints them and marks them as recorded in the outbox.
            "events" => self.take_events(),
            "after" => self.take_statuses_after(),
            "on_behalf" => {
                let text = CustomStatus::new(rest, 100).unwrap();
                let done =
                    self.record.step(|me, settings, now| me.set_custom_status(text, None, settings, now));
                self.tell(&done)
            }

            // Questions
            "status" => self.record.status().status_type.to_string(),
            "text" => or_dash(self.record.status().custom_status.as_str()),
            "expires" => self.record.status().custom_expires.map_or("-".into(), |expires| self.time(expires)),
            "reason" => self.record.status().reason.to_string(),
            "since" => self.time(self.record.status().since),
            "last_seen" => {
                self.record.status().last_seen.map_or("never".into(), |last_seen| self.time(last_seen))
            }
            "devices" => join(self.record.status().online_devices.iter()),
            "logins" => join(self.record.presence.devices().iter().map(|device| &device.id)),
            "sig_issued" => {
                let issued = Record::START.as_secs() + duration(words[0]).as_secs();
                if self.record.presence.sigs().has_revoked(issued) { "revoked" } else { "good" }.into()
            }
            "list" => join(self.record.presence.subscriptions().iter()),
            "lost" => if self.last_login_lost_its_list { "yes" } else { "no" }.into(),
            "on_lists" => if self.record.presence.may_be_on_lists().is_some() { "yes" } else { "no" }.into(),
            "deadline" => {
                let due = self.record.presence.next_deadline();
                due.map_or("-".into(), |due| format!("{:?}", due.since(self.record.now.moment)))
            }
            other => panic!("{other} is not an action of a script"),
        }
    }

    fn login(&mut self, name: &str, platform: Platform) -> String {
        let connection = ConnectionId::alone(self.next_connection);
        self.next_connection += 1;
        self.connections.entry(name.into()).or_default().push(connection);
        self.newest = Some(connection);
        let id = device(name);
        let done = self.record.connect(&id, platform, connection);
        self.last_login_lost_its_list = done.outcome.subscriptions_lost;
        self.tell(&done) + &who_was_away(&done.outcome.kicked)
    }

    fn disconnect(&mut self, name: &str, end: LinkEnd) -> String {
        let connection = self.connection(name);
        let heard = self.record.heard.unwrap_or(self.record.now.wall);
        let done = self.record.step(|me, settings, now| me.disconnect(connection, end, heard, settings, now));
        self.record.heard = None;
        self.tell(&done) + too_late(done.outcome)
    }

    /// Parses logins such as `phone iPhone, mac Mac`. A login that the record already has keeps its number; another
    /// login gets a new one.
    fn logins(&mut self, text: &str) -> Vec<(DeviceId, Platform, u64)> {
        let words = text.split(',').filter_map(|login| login.trim().split_once(' '));
        let mut logins = Vec::new();
        for (id, platform) in words {
            let known = self.record.presence.devices().iter().find(|login| login.id == device(id));
            let number =
                known.map(|login| login.login).filter(|it| *it > self.record.presence.ended_through());
            let number = number.unwrap_or(self.record.last_login + 1);
            self.record.last_login = self.record.last_login.max(number);
            logins.push((device(id), platform.parse().unwrap(), number));
        }
        logins
    }

    fn wait(&mut self, time: Duration) -> String {
        let mut done = Vec::new();
        let mut shown = None;
        let start = self.record.status();
        self.record.wait(time, |transition| done.push(transition.clone()));
        for transition in &done {
            assert!(shown.is_none() || !transition.visible, "one change at a time: {done:?}");
            if transition.visible {
                shown = Some(self.seen(true));
            }
        }
        assert_eq!(shown.is_some(), start.version != self.record.status().version);
        let lists: Vec<_> = done.iter().map(list_changes).collect();
        shown.unwrap_or("-".into()) + &lists.concat()
    }

    /// Prints the pending session events, and marks them as recorded in the outbox.
    fn take_events(&mut self) -> String {
        let Some(events) = self.record.presence.pending_events() else { return "-".into() };
        let show = |event: &SessionEvent| {
            let device = event.device.as_ref().map_or("-".into(), |device| device.id.to_string());
            match &event.kind {
                SessionEventKind::Login { kicked } if kicked.is_empty() => format!("Login/{device}"),
                SessionEventKind::Login { kicked } => format!("Login/{device} kicks {}", join(kicked.iter())),
                SessionEventKind::CustomStatus(text) => format!("Custom/{device} {}", text.as_str()),
                SessionEventKind::EndingCustomStatus { text, expires } => {
                    format!("Custom/{device} {} until {}", text.as_str(), self.time(*expires))
                }
                SessionEventKind::CustomStatusExpired => format!("Expired/{device}"),
                SessionEventKind::Logout | SessionEventKind::LinkClosed | SessionEventKind::TimedOut => {
                    format!("{:?}/{device}", event.kind)
                }
            }
        };
        let shown: Vec<String> = events.waiting().map(show).collect();
        let (last, dropped) = (events.last_ordinal(), events.dropped());
        let _ = self.record.step(|me, _, _| me.events_recorded(last, dropped));
        assert_eq!(self.record.presence.pending_events(), None);
        shown.join("; ")
    }

    /// Prints the status after each pending session event, and marks the events as stored in the outbox. The last
    /// status must equal the status of the record.
    fn take_statuses_after(&mut self) -> String {
        let presence = &self.record.presence;
        let events = presence.pending_events().expect("there are events");
        let after: Vec<_> =
            events.waiting().map(|event| event.after.expect("every step concludes its events")).collect();
        assert!(after.is_sorted_by_key(|after| after.version));
        assert_eq!(after.last().unwrap().version, presence.version());
        let shown: Vec<&str> = after.iter().map(|after| after.status_type.name()).collect();
        self.take_events();
        shown.join("; ")
    }

    fn set(&mut self, setting: &str, value: &str) -> String {
        let settings = &mut self.record.settings;
        let millis = || duration(value).as_millis() as u32;
        match setting {
            "linger_web" => settings.timing.linger_web_ms = millis(),
            "linger_native" => settings.timing.linger_native_ms = millis(),
            "login_retention" => settings.timing.login_retention_ms = millis(),
            "subscription_retention" => settings.timing.subscription_retention_ms = millis(),
            "policy" => settings.multi_device.mode = value.parse().unwrap(),
            "native_instances" => settings.multi_device.native_instances = value.parse().unwrap(),
            "web_instances" => settings.multi_device.web_instances = value.parse().unwrap(),
            "subscriptions" => settings.limits.subscriptions = value.parse().unwrap(),
            "webhook" => settings.webhooks.state_change_url = value.into(),
            other => panic!("{other} is not a setting of a script"),
        }
        settings.validate().unwrap();
        "-".into()
    }

    fn tell<T>(&self, done: &Transition<T>) -> String {
        let told: Vec<String> = done.ended.iter().map(|ended| self.told(ended)).collect();
        self.seen(done.visible) + &told.concat() + &list_changes(done)
    }

    fn seen(&self, visible: bool) -> String {
        let status = self.record.status();
        match status.custom_status.as_str() {
            _ if !visible => "-".into(),
            "" => format!("{} {}", status.status_type, status.reason),
            text => format!("{} {} '{text}'", status.status_type, status.reason),
        }
    }

    fn told(&self, ended: &Ended) -> String {
        let holds = |(_, list): &(&String, &Vec<ConnectionId>)| list.contains(&ended.connection);
        let (name, list) = self.connections.iter().find(holds).unwrap();
        let number = list.iter().position(|connection| *connection == ended.connection).unwrap() + 1;
        let name = if number == list.len() { name.clone() } else { format!("{name}#{number}") };
        match ended.cause {
            EndCause::Superseded => format!("; told {name} superseded"),
            EndCause::KickedByLogin { by } => format!("; told {name} kicked by {by}"),
            EndCause::KickedByOperator => format!("; told {name} kicked"),
            EndCause::AccountDeleted => format!("; told {name} deleted"),
            EndCause::LoggedOut => format!("; told {name} logged out"),
            EndCause::NodeLost => format!("; told {name} lost with its node"),
        }
    }

    fn connection(&self, name: &str) -> ConnectionId {
        let (name, number) = name.split_once('#').unwrap_or((name, ""));
        let list = &self.connections[name];
        list[number.parse().unwrap_or(list.len()) - 1]
    }

    fn time(&self, at: Timestamp) -> String {
        format!("{}s", at.since(Record::START).as_secs_f64())
    }
}

fn list_changes<T>(done: &Transition<T>) -> String {
    let added = done.subscribed.iter().map(|user| format!("+{user}"));
    let removed = done.unsubscribed.iter().map(|user| format!("-{user}"));
    let changes: Vec<String> = added.chain(removed).collect();
    if changes.is_empty() { String::new() } else { format!("; {}", changes.join(" ")) }
}

fn who_was_away(removed: &[Removed]) -> String {
    let away = removed.iter().filter(|removed| !removed.connected);
    away.map(|removed| format!("; {} was away", removed.device)).collect()
}

fn too_late(in_time: bool) -> &'static str {
    if in_time { "" } else { "; too late" }
}

pub fn reason_of(end: &str) -> Reason {
    match end {
        "close" => Reason::LinkClosed,
        "kick" => Reason::Kicked,
        "delete" => Reason::Deleted,
        named => named.parse().unwrap(),
    }
}

pub fn type_and_reason_of(end: &str) -> String {
    let status = if ["logout", "sig_expired"].contains(&end) { "UNLOGINED" } else { "OFFLINE" };
    format!("{status} {}", reason_of(end))
}

fn device(name: &str) -> DeviceId {
    DeviceId::new(name).unwrap()
}

fn ids(words: &[&str]) -> Vec<UserId> {
    words.iter().map(|id| UserId::new(id).unwrap()).collect()
}

fn join(words: impl Iterator<Item = impl ToString>) -> String {
    or_dash(&words.map(|word| word.to_string()).collect::<Vec<_>>().join(" "))
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-" } else { text }.into()
}

fn duration(text: &str) -> Duration {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit());
    let number: u64 = text[..text.len() - unit.len()].parse().unwrap();
    Duration::from_millis(match unit {
        "ms" => number,
        "s" => number * 1_000,
        "h" => number * 3_600_000,
        "d" => number * 86_400_000,
        other => panic!("{other} is not a unit of time"),
    })
}

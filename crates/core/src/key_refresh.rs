//! Decides when the keys of a source are read again, and for how long the last keys are accepted. A source is a JWKS
//! address or a file.
//!
//! This module does not store or read the keys. The current time is an argument.

use lamplight_model::Moment;
use std::time::Duration;

/// The age at which keys are read again.
pub const RENEW_AFTER: Duration = Duration::from_secs(5 * 60);

/// The age up to which keys are accepted if they cannot be read again. If the identity provider is down, users can log
/// in for this time. Older keys are refused, because the provider may have withdrawn them.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// The minimum time between two reads that are caused by tokens with an unknown `kid`. Without it, forged tokens could
/// cause any number of reads.
pub const BETWEEN_DEMANDS: Duration = Duration::from_secs(10);

/// The pause after the first failure. Each further failure doubles it, up to [`RENEW_AFTER`].
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The time when the keys of a source were read, and when they are to be read next.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KeyRefresh {
    /// The time at which the last keys cease to be accepted; `None` if the keys were never read.
    counts_until: Option<Moment>,
    last_attempt: Option<Moment>,
    is_reading: bool,
    is_demanded: bool,
    failures: u32,
}

/// The decision about a token whose key is unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Demand {
    /// The token waits for keys that are being read or are to be read at once.
    Wait,
    /// The token is refused, because the last attempt to read the keys was less than [`BETWEEN_DEMANDS`] ago.
    Refuse,
}

impl KeyRefresh {
    /// Creates the state for keys that an earlier process has read. `age` is the time since that read. The keys are
    /// accepted until they are [`KEPT_FOR`] old. A new read is due at once.
    pub fn restored(age: Duration, now: Moment) -> Self {
        Self { counts_until: Some(now + KEPT_FOR.saturating_sub(age)), ..Self::default() }
    }

    /// Whether the last keys are still accepted.
    pub fn counts(&self, now: Moment) -> bool {
        self.left(now) > Duration::ZERO
    }

    /// How long the last keys will still be accepted; zero if they are refused.
    pub fn left(&self, now: Moment) -> Duration {
        self.counts_until.map_or(Duration::ZERO, |until| until.since(now))
    }

    /// Whether the keys are to be read now.
    pub fn is_due(&self, now: Moment) -> bool {
        if self.is_reading {
            return false;
        }
        let Some(last) = self.last_attempt else { return true };
        self.is_demanded || now.since(last) >= self.pause()
    }

    /// Decides about a token with an unknown key. Requests a read of the keys if a read is allowed.
    pub fn demand(&mut self, now: Moment) -> Demand {
        let is_allowed = self.last_attempt.is_none_or(|last| now.since(last) >= BETWEEN_DEMANDS);
        if self.is_reading || self.is_demanded || is_allowed {
            self.is_demanded |= !self.is_reading;
            Demand::Wait
        } else {
            Demand::Refuse
        }
    }

    /// Records that reading the keys has begun.
    pub fn begun(&mut self) {
        self.is_reading = true;
        self.is_demanded = false;
    }

    /// Records that an attempt to read the keys has ended. `has_read` is `true` if it succeeded.
    pub fn ended(&mut self, has_read: bool, now: Moment) {
        self.is_reading = false;
        self.last_attempt = Some(now);
        if has_read {
            self.counts_until = Some(now + KEPT_FOR);
            self.failures = 0;
        } else {
            self.failures = self.failures.saturating_add(1);
        }
    }

    fn pause(&self) -> Duration {
        match self.failures {
            0 => RENEW_AFTER,
            failures => FIRST_PAUSE.saturating_mul(1 << (failures - 1).min(16)).min(RENEW_AFTER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a script with one step in each line: the second, the event, and the expected answer.
    fn check(script: &str) {
        check_from(KeyRefresh::default(), script);
    }

    fn check_from(mut refresh: KeyRefresh, script: &str) {
        for line in script.trim().lines() {
            let words: Vec<_> = line.split_whitespace().collect();
            let now = Moment(words[0].parse::<u64>().unwrap() * 1_000);
            let answer = match words[1] {
                "begin" => {
                    refresh.begun();
                    "-".to_owned()
                }
                "read" | "fail" => {
                    refresh.ended(words[1] == "read", now);
                    "-".to_owned()
                }
                "due" => refresh.is_due(now).to_string(),
                "counts" => refresh.counts(now).to_string(),
                "demand" => format!("{:?}", refresh.demand(now)),
                other => panic!("{other}"),
            };
            assert_eq!(words.get(2).copied().unwrap_or("-"), answer, "{line}");
        }
    }

    #[test]
    fn keys_are_read_at_once_and_then_every_five_minutes() {
        check(
            "
            0   due true
            0   begin
            1   due false
            1   counts false
            2   read
            2   counts true
            301 due false
            302 due true
            ",
        );
    }

    #[test]
    fn after_a_failure_the_pauses_grow_and_the_old_keys_count_for_a_day() {
        check(
            "
            0     begin
            0     read
            300   begin
            305   fail
            309   due false
            310   due true
            310   begin
            310   fail
            319   due false
            320   due true
            320   begin
            320   fail
            339   due false
            340   due true
            86399 counts true
            86400 counts false
            86400 begin
            86400 read
            86400 counts true
            ",
        );
    }

    #[test]
    fn keys_of_an_earlier_process_count_for_what_is_left_of_their_day_and_are_read_again_at_once() {
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        let restored = |age| KeyRefresh::restored(age, Moment(10_000));
        check_from(
            restored(hours(23)),
            "
            10   counts true
            10   due true
            10   begin
            11   fail
            3609 counts true
            3610 counts false
            3610 begin
            3610 read
            3610 counts true
            ",
        );
        check_from(restored(hours(24)), "10 counts false");
        check_from(restored(hours(1_000)), "10 counts false");
        check_from(restored(hours(0)), "86409 counts true\n86410 counts false");
    }

    #[test]
    fn an_unknown_key_makes_the_keys_be_read_again_once_in_ten_seconds() {
        check(
            "
            0  demand Wait
            0  begin
            1  demand Wait
            2  read
            2  due false
            3  demand Refuse
            11 demand Refuse
            12 demand Wait
            12 demand Wait
            12 due true
            12 begin
            13 fail
            14 demand Refuse
            14 due false
            18 due true
            ",
        );
    }
}

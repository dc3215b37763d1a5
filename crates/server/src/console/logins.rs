//! Decides which logins and logouts of operators the audit log records. Pure: the current time is an argument.
//!
//! The audit log has a maximum size. Frequent logins of one operator must not displace other entries. An operator gets
//! at most ten entries per hour. Each network of the operator gets at most one login entry and one logout entry per
//! hour. The next entry states how many entries were skipped.

use super::operators_file::OperatorName;
use lamplight_model::{AuditAction, Moment};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// The time for which an entry prevents further entries with the same action, operator and network.
const WINDOW: Duration = Duration::from_secs(60 * 60);
/// The maximum number of entries of one operator in one window.
const MOST_ENTRIES: usize = 10;
/// The maximum number of operators in memory. At this number, operators without recent entries are removed. At most 101
/// operators exist, so most of those in memory then no longer exist.
const MOST_OPERATORS: usize = 256;

/// The recent entries of all operators.
#[derive(Default)]
pub struct Logins {
    operators: HashMap<OperatorName, Recent>,
}

/// The recent entries of one operator.
#[derive(Default)]
struct Recent {
    entered: Vec<(AuditAction, IpAddr, Moment)>,
    left_out: u64,
}

impl Logins {
    /// Decides whether a login or logout is recorded. `source` is the network of the operator's address. Returns `None`
    /// if the login or logout is not recorded. Otherwise returns the number of entries that were skipped since the
    /// operator's last entry.
    pub fn note(
        &mut self,
        action: AuditAction,
        operator: &OperatorName,
        source: IpAddr,
        now: Moment,
    ) -> Option<u64> {
        for recent in self.operators.values_mut() {
            recent.entered.retain(|(_, _, at)| now.since(*at) < WINDOW);
        }
        if self.operators.len() >= MOST_OPERATORS {
            self.operators.retain(|_, recent| !recent.entered.is_empty());
        }
        let recent = self.operators.entry(operator.clone()).or_default();
        let is_known = recent.entered.iter().any(|(done, from, _)| (*done, *from) == (action, source));
        if is_known || recent.entered.len() >= MOST_ENTRIES {
            recent.left_out = recent.left_out.saturating_add(1);
            return None;
        }
        recent.entered.push((action, source, now));
        Some(std::mem::take(&mut recent.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use AuditAction::{LoggedIn, LoggedOut};

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn name(text: &str) -> OperatorName {
        OperatorName::new(text).unwrap()
    }

    fn at(seconds: u64) -> Moment {
        Moment(seconds * 1_000)
    }

    #[test]
    fn one_login_of_an_operator_and_source_is_entered_in_an_hour() {
        let mut logins = Logins::default();
        let elsewhere = "192.0.2.2".parse().unwrap();
        for (action, operator, source, second, expected) in [
            (LoggedIn, "ann", HOME, 0, Some(0)),
            (LoggedIn, "ann", HOME, 1, None),
            (LoggedOut, "ann", HOME, 2, Some(1)),
            (LoggedOut, "ann", HOME, 3, None),
            (LoggedIn, "bob", HOME, 4, Some(0)),
            (LoggedIn, "ann", elsewhere, 5, Some(1)),
            (LoggedIn, "ann", HOME, 3_599, None),
            (LoggedIn, "ann", HOME, 3_600, Some(1)),
        ] {
            let noted = logins.note(action, &name(operator), source, at(second));
            assert_eq!(noted, expected, "{action} of {operator} from {source} at {second}");
        }
    }

    #[test]
    fn an_operator_with_many_addresses_makes_ten_entries_an_hour() {
        let mut logins = Logins::default();
        let entered = (0..4 * 3_600_u32).filter(|second| {
            let source = IpAddr::from(second.to_be_bytes());
            logins.note(LoggedIn, &name("ann"), source, at(u64::from(*second))).is_some()
        });
        assert_eq!(entered.count(), 40);
        assert_eq!(
            logins.note(LoggedIn, &name("bob"), HOME, at(4 * 3_600)),
            Some(0),
            "other operators are recorded"
        );
    }

    #[test]
    fn names_of_former_operators_are_forgotten() {
        let mut logins = Logins::default();
        for n in 0..10 * MOST_OPERATORS as u64 {
            logins.note(LoggedIn, &name(&format!("o{n}")), HOME, at(n * 3_600));
            assert!(logins.operators.len() <= MOST_OPERATORS);
        }
    }
}

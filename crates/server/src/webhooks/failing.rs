//! Uses of the database that fail again and again. Only the beginning and the end of a series of failures are logged,
//! because the caller repeats a failed use every half second.

use std::collections::BTreeSet;
use std::error::Error;

/// A use of the database that is repeated until it succeeds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Use {
    /// Moving session events to the outbox.
    Record,
    /// Reading the notices of a lane.
    Read,
    /// Storing the outcomes of requests.
    Settle,
    /// Taking, renewing or releasing the lease of a lane.
    Lease,
    /// Counting the waiting notices.
    Measure,
}

/// The uses whose last attempt has failed.
#[derive(Default, Debug)]
pub struct Failing(BTreeSet<Use>);

impl Failing {
    /// Notes a failure. Logs the failure unless the previous attempt of this use has also failed.
    pub fn failed(&mut self, what: Use, error: &(dyn Error + 'static)) {
        if self.begins(what) {
            let what = what.text();
            let error = crate::causes::WithCauses(error);
            tracing::warn!(%error, "{what} has failed; it is repeated until it succeeds");
        }
    }

    /// Notes a success. Logs the success if the previous attempt of this use has failed.
    pub fn succeeded(&mut self, what: Use) {
        if self.ends(what) {
            tracing::info!("{} succeeds again", what.text());
        }
    }

    fn begins(&mut self, what: Use) -> bool {
        self.0.insert(what)
    }

    fn ends(&mut self, what: Use) -> bool {
        self.0.remove(&what)
    }
}

impl Use {
    fn text(self) -> &'static str {
        match self {
            Self::Record => "moving session events to the outbox",
            Self::Read => "reading the notices of a webhook",
            Self::Settle => "storing the outcomes of webhooks",
            Self::Lease => "changing the lease of a webhook",
            Self::Measure => "counting the waiting notices of webhooks",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each use is logged when it begins to fail, and when it succeeds again.
    #[test]
    fn a_series_of_failures_has_one_beginning_and_one_end() {
        let mut failing = Failing::default();
        let mut told = String::new();
        for step in "rrsrRRSrS".chars() {
            let what = if step.eq_ignore_ascii_case(&'r') { Use::Read } else { Use::Settle };
            let is_told = if step.is_ascii_lowercase() { failing.begins(what) } else { failing.ends(what) };
            told.push(if is_told { step } else { '.' });
        }
        assert_eq!(told, "r.s.R.Sr.");
    }
}

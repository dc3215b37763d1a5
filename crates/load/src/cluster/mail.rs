//! The text messages of a load. Each message is followed from the sender to the recipient.

use anyhow::{Context, Result, ensure};
use std::collections::HashMap;

/// A text message.
#[derive(Clone, Copy)]
struct Letter {
    from: u32,
    to: u32,
    is_committed: bool,
    /// Whether the recipient was not logged in for some time between the request and its answer.
    was_away: bool,
    /// The number of times that the recipient received the message.
    told: u32,
    /// `true` if the recipient's history contains the message.
    is_in_history: bool,
}

/// All text messages by their numbers.
#[derive(Default)]
pub struct Mail {
    letters: HashMap<u32, Letter>,
    next: u32,
    reads_histories: bool,
}

/// The numbers of text messages by their outcomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MailCounts {
    /// The number of messages whose commit was answered.
    pub committed: u64,
    /// The number of committed messages that the recipient was not notified of.
    pub not_told: u64,
    /// The number of messages in `not_told` whose recipient was not logged in for some time between the request and its
    /// answer. The recipient learns of such a message by reading the lists.
    pub was_away: u64,
    /// The number of committed messages that the recipient was not notified of, and that are not in the recipient's
    /// history.
    pub lost: u64,
    /// The number of messages that the recipient was notified of more than once.
    pub told_again: u64,
}

impl Mail {
    /// Adds a message, and returns its number.
    pub fn write(&mut self, from: u32, to: u32) -> u32 {
        self.next += 1;
        let letter = Letter { from, to, is_committed: false, was_away: false, told: 0, is_in_history: false };
        self.letters.insert(self.next, letter);
        self.next
    }

    /// Records that the commit of a message was answered. `was_away` returns whether a user was not logged in for some
    /// time between the request and its answer.
    pub fn committed(&mut self, number: u32, was_away: impl Fn(u32) -> bool) {
        if let Some(letter) = self.letters.get_mut(&number) {
            (letter.is_committed, letter.was_away) = (true, was_away(letter.to));
        }
    }

    /// Records that a message has arrived at a user. Fails if it is for another user.
    pub fn received(&mut self, to: u32, number: u32) -> Result<()> {
        let letter = self.letters.get_mut(&number).context("a message arrived that nobody has sent")?;
        ensure!(letter.to == to, "user {to} got a message for user {}", letter.to);
        if self.reads_histories {
            letter.is_in_history = true;
        } else {
            letter.told += 1;
        }
        Ok(())
    }

    /// Sets whether the messages that arrive come from histories.
    pub fn read_histories(&mut self, reads: bool) {
        self.reads_histories = reads;
    }

    /// Returns the senders and recipients of committed messages that have not arrived, each pair once.
    pub fn missing(&self) -> Vec<(u32, u32)> {
        let is_missing = |letter: &&Letter| letter.is_committed && letter.told == 0 && !letter.is_in_history;
        let mut pairs: Vec<_> =
            self.letters.values().filter(is_missing).map(|letter| (letter.from, letter.to)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// Returns the counts.
    pub fn counts(&self) -> MailCounts {
        let count = |holds: fn(&Letter) -> bool| {
            self.letters.values().filter(|letter| letter.is_committed && holds(letter)).count() as u64
        };
        MailCounts {
            committed: count(|_| true),
            not_told: count(|letter| letter.told == 0),
            was_away: count(|letter| letter.told == 0 && letter.was_away),
            lost: count(|letter| letter.told == 0 && !letter.is_in_history),
            told_again: count(|letter| letter.told > 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_committed_message_is_lost_unless_it_arrives_or_is_in_the_history() {
        let mut mail = Mail::default();
        let numbers: Vec<u32> = (0..4).map(|_| mail.write(1, 2)).collect();
        for number in &numbers[..3] {
            mail.committed(*number, |to| to == 2 && *number == numbers[1]);
        }
        mail.received(2, numbers[0]).unwrap();
        assert!(mail.received(3, numbers[1]).is_err());
        assert_eq!(mail.missing(), [(1, 2)]);
        mail.read_histories(true);
        mail.received(2, numbers[0]).unwrap();
        mail.received(2, numbers[1]).unwrap();
        let expected = MailCounts { committed: 3, not_told: 2, was_away: 1, lost: 1, told_again: 0 };
        assert_eq!(mail.counts(), expected);
    }
}

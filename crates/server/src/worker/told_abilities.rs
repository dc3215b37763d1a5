//! The abilities of one client under the settings of its app, and the abilities that were last sent to the client.

use lamplight_model::Code;
use lamplight_wire::v1;

/// The current abilities of a client, and the abilities that were last sent to it.
pub struct ToldAbilities {
    now: lamplight_core::Abilities,
    /// The abilities that were last sent; `None` if they equal the current ones.
    told: Option<Box<lamplight_core::Abilities>>,
}

impl ToldAbilities {
    /// Makes a value from the abilities that the answer to the login contains. They count as sent.
    pub fn new(now: lamplight_core::Abilities) -> Self {
        Self { now, told: None }
    }

    /// Returns the current abilities for an answer, and records them as sent.
    pub fn tell(&mut self) -> v1::Abilities {
        self.told = None;
        message(&self.now)
    }

    /// Returns the current abilities if they differ from those sent last. A change that was reverted before it was sent
    /// is no change.
    pub fn news(&mut self) -> Option<v1::Abilities> {
        self.told.is_some().then(|| self.tell())
    }

    /// Sets the current abilities. Returns `true` if they have changed.
    pub fn change(&mut self, now: lamplight_core::Abilities) -> bool {
        let before = std::mem::replace(&mut self.now, now);
        let told = self.told.take().map_or(before, |told| *told);
        self.told = (told != now).then(|| Box::new(told));
        before != now
    }
}

fn message(able: &lamplight_core::Abilities) -> v1::Abilities {
    v1::Abilities {
        statuses_of_others: able.refusal.is_none(),
        refusal_code: able.refusal.map_or(0, Code::number),
        friend_notification: able.friend_notification,
        subscriptions_limit: able.subscriptions_limit.into(),
        query_batch: able.query_batch.into(),
        subscribe_batch: able.subscribe_batch.into(),
        unsubscribe_batch: able.unsubscribe_batch.into(),
    }
}

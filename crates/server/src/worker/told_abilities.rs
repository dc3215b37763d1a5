//! The abilities of one client, which the settings of its app give it, and the news when they change.

use lamplight_model::Code;
use lamplight_wire::v1;

/// The abilities of a connection, and those that its client was told of.
pub struct ToldAbilities {
    now: lamplight_core::Abilities,
    told: lamplight_core::Abilities,
}

impl ToldAbilities {
    /// Abilities that the answer to the login tells.
    pub fn new(now: lamplight_core::Abilities) -> Self {
        Self { now, told: now }
    }

    /// The abilities as they are now, for an answer that tells them.
    pub fn tell(&mut self) -> v1::Abilities {
        self.told = self.now;
        message(&self.now)
    }

    /// The abilities as they are now, where the client was told of others. Changes that came and went while the
    /// client did not read are not told.
    pub fn news(&mut self) -> Option<v1::Abilities> {
        (self.told != self.now).then(|| self.tell())
    }

    /// Takes in the abilities as they are from now on, and says whether they differ from those before.
    pub fn change(&mut self, now: lamplight_core::Abilities) -> bool {
        let differs = now != self.now;
        self.now = now;
        differs
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

//! The abilities of one client under the settings of its app, and the abilities that were last sent to the client.

use lamplight_core::{Abilities, abilities};
use lamplight_model::{App, AppId, Code};
use lamplight_wire::v1;
use std::sync::Arc;

/// The current abilities of a client, and the abilities that were last sent to it. Both are those of an app, which all
/// clients share.
pub struct ToldAbilities {
    now: Arc<App>,
    /// The app whose abilities were last sent; `None` if they equal the current ones.
    told: Option<Arc<App>>,
}

impl ToldAbilities {
    /// Makes a value from the app whose abilities the answer to the login contains. They count as sent.
    pub fn new(now: Arc<App>) -> Self {
        Self { now, told: None }
    }

    /// Returns the app of the client.
    pub fn app(&self) -> AppId {
        self.now.id
    }

    /// Returns the current abilities for an answer, and records them as sent.
    pub fn tell(&mut self) -> v1::Abilities {
        self.told = None;
        message(&of(&self.now))
    }

    /// Returns the current abilities if they differ from those sent last. A change that was reverted before it was sent
    /// is no change.
    pub fn news(&mut self) -> Option<v1::Abilities> {
        self.told.is_some().then(|| self.tell())
    }

    /// Sets the current abilities to those of the changed app. Returns `true` if they have changed.
    pub fn change(&mut self, now: &Arc<App>) -> bool {
        let before = std::mem::replace(&mut self.now, Arc::clone(now));
        let has_changed = of(&before) != of(now);
        let told = self.told.take().unwrap_or(before);
        self.told = Some(told).filter(|told| of(told) != of(now));
        has_changed
    }
}

fn of(app: &App) -> Abilities {
    abilities(&app.settings)
}

fn message(able: &Abilities) -> v1::Abilities {
    v1::Abilities {
        statuses_of_others: able.refusal.is_none(),
        refusal_code: able.refusal.map_or(0, Code::number),
        friend_notification: able.friend_notification,
        subscriptions_limit: able.subscriptions_limit.into(),
        query_batch: able.query_batch.into(),
        subscribe_batch: able.subscribe_batch.into(),
        unsubscribe_batch: able.unsubscribe_batch.into(),
        custom_status_bytes: able.custom_status_bytes.into(),
        message_bytes: able.message_bytes.into(),
        friends_limit: able.friends_limit.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lamplight_model::AppSettings;

    fn app(subscriptions: u16) -> Arc<App> {
        let mut settings = AppSettings::default();
        settings.limits.subscriptions = subscriptions;
        Arc::new(App { id: AppId(1), keys: Vec::new(), admins: Vec::new(), settings })
    }

    #[test]
    fn a_client_is_told_what_differs_from_what_it_was_told() {
        //   the app changes to, whether that is a change, what is sent then
        let table = [
            (&[(10, false)][..], None),
            (&[(20, true)], Some(20)),
            (&[(20, true), (30, true)], Some(30)),
            (&[(20, true), (20, false)], Some(20)),
            (&[(20, true), (10, true)], None),
        ];
        for (changes, told) in table {
            let mut client = ToldAbilities::new(app(10));
            for (limit, is_change) in changes {
                assert_eq!(client.change(&app(*limit)), *is_change, "{changes:?}");
            }
            assert_eq!(client.news().map(|able| able.subscriptions_limit), told, "{changes:?}");
            assert_eq!(client.news(), None, "{changes:?}: sent once");
        }
    }
}

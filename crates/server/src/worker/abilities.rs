//! The abilities of the clients of a worker, derived from the settings of their app, and sent when those change.

use super::Worker;
use super::connection::{Connection, Session, push, words_of};
use lamplight_core::{EndCause, LinkEnd, abilities};
use lamplight_model::AppId;
use lamplight_wire::v1;
use lamplight_wire::v1::server_message::Body;
use std::collections::HashMap;
use std::rc::Rc;

impl Worker {
    /// Takes in that the settings of an app (`None`: of any app) have changed: updates the abilities of its
    /// connections, and logs out those whose UserSig was signed with a key that the app no longer has, as if the
    /// UserSig had expired.
    pub(super) fn app_changed(&self, app: Option<AppId>) {
        let mut changed = Vec::new();
        let mut able_by_app = HashMap::new();
        let now = self.shared.clock.now();
        for (slot, connection) in self.connections.borrow_mut().iter_mut() {
            let Session::LoggedIn(login) = &mut connection.session else { continue };
            if app.is_some_and(|app| app != login.user.app) {
                continue;
            }
            let good_until = self.good_until(login.user.app, login.key, login.sig_expires);
            let is_over = good_until <= now.wall;
            login.sig_expires = good_until;
            let able =
                *able_by_app.entry(login.user.app).or_insert_with(|| self.abilities_in(login.user.app));
            if able.is_some_and(|able| login.abilities.change(able)) {
                changed.push(slot);
            }
            if is_over {
                self.check_by(connection, now.moment);
            }
        }
        for slot in changed {
            self.flush_later(slot);
        }
    }

    /// Ends the connections of deleted apps. Called after entries of the change log were missed, which may have
    /// included the ends of these connections.
    pub(super) fn end_without_app(self: &Rc<Self>) {
        let apps = self.shared.service.apps();
        let is_without =
            |connection: &Connection| connection.login().is_some_and(|it| apps.get(it.user.app).is_none());
        let connections = self.connections.borrow();
        let without = connections.iter().filter(|(_, connection)| is_without(connection));
        let slots: Vec<usize> = without.map(|(slot, _)| slot).collect();
        drop(connections);
        for slot in slots {
            self.close(slot, words_of(EndCause::AccountDeleted), Some(LinkEnd::Closed));
        }
    }

    /// The abilities that the current settings of an app give its clients; `None` if there is no such app.
    pub(super) fn abilities_in(&self, app: AppId) -> Option<lamplight_core::Abilities> {
        self.shared.service.apps().get(app).map(|app| abilities(&app.settings))
    }

    /// Appends the abilities of a connection, if they differ from those that its client was sent.
    pub(super) fn put_abilities(connection: &mut Connection, outgoing: &mut Vec<u8>) {
        let Connection { protocol, session: Session::LoggedIn(login), .. } = connection else { return };
        if let Some(abilities) = login.abilities.news() {
            let changed = v1::AppChanged { abilities: Some(abilities) };
            protocol.put(&push(Body::AppChanged(changed)), outgoing);
        }
    }
}

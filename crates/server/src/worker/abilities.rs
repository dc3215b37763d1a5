//! The abilities that a worker's clients have under the settings of their app. A client is notified when its abilities
//! change.

use super::Shared;
use super::connection::{Connection, Second, Session, push};
use super::connections::Connections;
use super::deadlines::Deadlines;
use lamplight_model::{AppId, Timestamp};
use lamplight_service::KeyMark;
use lamplight_wire::v1;
use lamplight_wire::v1::server_message::Body;
use std::collections::HashMap;

/// The expiry time of a token if the app no longer has the token's key. It lies in the past, so the token counts as
/// expired.
pub const KEY_IS_GONE: Timestamp = Timestamp(0);

/// Applies changed settings of an app, or of all apps if `app` is `None`. Updates the abilities of the app's
/// connections. If the app no longer has the key of a connection's token, logs the connection out, as if the token had
/// expired.
pub fn app_changed(shared: &Shared, connections: &Connections, deadlines: &Deadlines, app: Option<AppId>) {
    let mut changed = Vec::new();
    let mut apps = HashMap::new();
    let now = shared.clock.now();
    for (slot, connection) in connections.borrow_mut().iter_mut() {
        let Session::LoggedIn(login) = &mut connection.session else { continue };
        let id = login.abilities.app();
        if app.is_some_and(|app| app != id) {
            continue;
        }
        let good_until = good_until(shared, id, login.key, login.sig_expires.begins());
        let is_over = good_until <= now.wall;
        login.sig_expires = Second::of(good_until);
        let newest = apps.entry(id).or_insert_with(|| shared.service.apps().get(id));
        if newest.as_ref().is_some_and(|app| login.abilities.change(app)) {
            changed.push(slot);
        }
        if is_over {
            deadlines.check_by(connection, now.moment);
        }
    }
    for slot in changed {
        connections.flush_later(slot);
    }
}

/// Returns the time when a token expires. If the app no longer has the token's key, the token has already expired.
pub fn good_until(shared: &Shared, app: AppId, key: KeyMark, expires: Timestamp) -> Timestamp {
    let app = shared.service.apps().get(app);
    match app.is_none_or(|app| shared.service.tokens().has_key(&app, key)) {
        true => expires,
        false => KEY_IS_GONE,
    }
}

/// Appends the abilities of a connection to `outgoing` if they have changed since they were last sent.
pub fn put_abilities(connection: &mut Connection, outgoing: &mut Vec<u8>) {
    let Connection { protocol, session: Session::LoggedIn(login), .. } = connection else { return };
    if let Some(abilities) = login.abilities.news() {
        let changed = v1::AppChanged { abilities: Some(abilities) };
        protocol.put(&push(Body::AppChanged(changed)), outgoing);
    }
}

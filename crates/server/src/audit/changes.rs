//! The differences between two states of an app, as the audit log records them. Pure.
//!
//! The result contains no secret. A key is recorded by its number, and a token only as set or not set. The URL of a
//! webhook is recorded without user, password, query and fragment.

use super::{Act, short};
use lamplight_model::{
    AllowType, App, AppId, AppKey, AppSettings, AuditAction, AuditChange, Profile, User, UserId,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// A setting whose name contains any of these words is secret.
const SECRET: [&str; 4] = ["token", "secret", "password", "key"];

/// Returns the act that changes the app `was` to `app`. If `was` is `None`, returns the act that creates `app`. Returns
/// `None` if `was` and `app` are equal.
pub fn act_on_app(was: Option<&App>, app: &App) -> Option<Act> {
    let act = |action, target: String, changes| {
        Some(Act { action, app: Some(app.id), target: short(&target), changes })
    };
    let Some(was) = was else {
        let mut changes = settings_changes(&AppSettings::of_a_new_app(), &app.settings);
        // A new app had no settings before, so the former values are empty instead of the defaults.
        changes.iter_mut().for_each(|change| change.before.clear());
        return act(AuditAction::AppCreated, String::new(), changes);
    };
    let (keys, admins) = (keys_change(was, app), admins_change(was, app));
    let settings = settings_changes(&was.settings, &app.settings);
    if settings.is_empty() {
        if let (Some(change), None) = (&keys, &admins) {
            let had = |app: &App, key: &AppKey| app.keys.iter().any(|other| other.id == key.id);
            let added: Vec<_> = app.keys.iter().filter(|key| !had(was, key)).collect();
            let retired: Vec<_> = was.keys.iter().filter(|key| !had(app, key)).collect();
            let changes = vec![change.clone()];
            return match (&added[..], &retired[..]) {
                ([key], []) => act(AuditAction::KeyAdded, key.id.to_string(), changes),
                ([], [key]) => act(AuditAction::KeyRetired, key.id.to_string(), changes),
                _ => act(AuditAction::AppChanged, String::new(), changes),
            };
        }
        if let (None, Some(change)) = (&keys, &admins) {
            let added: Vec<_> = app.admins.iter().filter(|admin| !was.admins.contains(admin)).collect();
            let removed: Vec<_> = was.admins.iter().filter(|admin| !app.admins.contains(admin)).collect();
            let changes = vec![change.clone()];
            return match (&added[..], &removed[..]) {
                ([user], []) => act(AuditAction::AdminAdded, user.to_string(), changes),
                ([], [user]) => act(AuditAction::AdminRemoved, user.to_string(), changes),
                _ => act(AuditAction::AppChanged, String::new(), changes),
            };
        }
    }
    let changes: Vec<_> = settings.into_iter().chain(keys).chain(admins).collect();
    if changes.is_empty() { None } else { act(AuditAction::AppChanged, String::new(), changes) }
}

/// Returns the act that adds users to the block list of `owner`, or removes them from it.
pub fn act_on_blocks(action: AuditAction, owner: &User, users: &[UserId]) -> Act {
    let names: Vec<&str> = users.iter().map(UserId::as_str).collect();
    Act::on(action, Some(owner.app), format!("{} → {}", owner.id, names.join(", ")))
}

fn keys_change(was: &App, app: &App) -> Option<AuditChange> {
    if was.keys == app.keys {
        return None;
    }
    let numbers = |app: &App| app.keys.iter().map(|key| key.id.to_string()).collect::<Vec<_>>().join(", ");
    Some(told("keys", numbers(was), numbers(app)))
}

fn admins_change(was: &App, app: &App) -> Option<AuditChange> {
    if was.admins == app.admins {
        return None;
    }
    let names = |app: &App| app.admins.iter().map(UserId::as_str).collect::<Vec<_>>().join(", ");
    Some(told("admins", names(was), names(app)))
}

/// Returns the settings that differ, in ascending order of their paths.
fn settings_changes(was: &AppSettings, settings: &AppSettings) -> Vec<AuditChange> {
    let (before, after) = (leaves(was), leaves(settings));
    let paths: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let differs = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
    differs
        .map(|path| {
            let shown = |all: &BTreeMap<String, Value>| {
                all.get(path).map(|value| shown_value(path, value)).unwrap_or_default()
            };
            told(path, shown(&before), shown(&after))
        })
        .collect()
}

/// Makes the record of a changed value. Appends `(another one)` to `after` if the two texts are equal, as for secrets.
fn told(what: &str, before: String, after: String) -> AuditChange {
    let after = if before == after { format!("{after} (another one)") } else { after };
    AuditChange { what: what.to_owned(), before: short(&before), after: short(&after) }
}

fn shown_value(path: &str, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    let name = path.rsplit('.').next().unwrap_or(path);
    if SECRET.iter().any(|secret| name.contains(secret)) {
        let is_empty = matches!(&text[..], "" | "null" | "[]" | "{}");
        return if is_empty { String::new() } else { "(set)".to_owned() };
    }
    if name.ends_with("url") { shown_url(&text) } else { text }
}

/// Returns a URL without the parts that may be secret: user, password, query and fragment.
pub fn shown_url(text: &str) -> String {
    let (address, query) = text.split_once(['?', '#']).map_or((text, false), |(address, _)| (address, true));
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let (authority, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let user = if host.len() < authority.len() { "…@" } else { "" };
    let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
    format!("{scheme}{user}{host}{path}{}", if query { "?…" } else { "" })
}

fn leaves(settings: &AppSettings) -> BTreeMap<String, Value> {
    fn collect(path: &str, value: Value, all: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                    collect(&path, field, all);
                }
            }
            leaf @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                all.insert(path.to_owned(), leaf);
            }
        }
    }
    let mut all = BTreeMap::new();
    collect(
        "",
        serde_json::to_value(settings).expect("all keys of the maps in the settings are texts"),
        &mut all,
    );
    all
}

/// Returns the fields of a profile with their values, as the audit log records them.
pub fn shown_profile(profile: &Profile) -> [(&'static str, String); 3] {
    [
        ("nick", profile.nick.clone()),
        ("avatar_url", shown_url(&profile.avatar_url)),
        ("friends", shown_allow(profile.allow).to_owned()),
    ]
}

/// Returns the name that the audit log uses for a rule for friend requests.
pub fn shown_allow(allow: AllowType) -> &'static str {
    match allow {
        AllowType::AllowAny => "anybody",
        AllowType::DenyAny => "nobody",
    }
}

/// Makes an act on the dead letters `ids` of an app. `None` means all dead letters of the app.
pub fn letters(action: AuditAction, app: AppId, ids: Option<&[u64]>) -> Act {
    let which = match ids {
        None => "all".to_owned(),
        Some(ids) => ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", "),
    };
    Act::on(action, Some(app), which)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(change: impl FnOnce(&mut App)) -> App {
        let key = |id, text: &str| AppKey { id, text: text.repeat(64) };
        let mut app = App {
            id: AppId(7),
            keys: vec![key(1, "a"), key(2, "b")],
            admins: vec![UserId::new("administrator").unwrap()],
            settings: AppSettings::of_a_new_app(),
        };
        change(&mut app);
        app
    }

    /// Formats, as one line, the act that changes the app `was` to `after`.
    fn act(was: Option<&App>, after: &App) -> String {
        let Some(act) = act_on_app(was, after) else { return "nothing".to_owned() };
        let changes: Vec<_> =
            act.changes.iter().map(|it| format!("{}: {:?} to {:?}", it.what, it.before, it.after)).collect();
        format!("{} {:?} {}", act.action, act.target, changes.join(", "))
    }

    fn check(change: impl FnOnce(&mut App), expected: &str) {
        assert_eq!(act(Some(&app(|_| {})), &app(change)), expected);
    }

    #[test]
    fn an_act_is_named_by_what_differs() {
        check(|_| {}, "nothing");
        check(
            |app| app.settings.limits.subscriptions = 300,
            "app.change \"\" limits.subscriptions: \"200\" to \"300\"",
        );
        check(
            |app| {
                app.settings.name = "new".into();
                app.settings.switches.friend_notification = true;
            },
            "app.change \"\" name: \"\" to \"new\", switches.friend_notification: \"false\" to \"true\"",
        );
        check(
            |app| app.keys.push(AppKey { id: 3, text: "secret".into() }),
            "key.add \"3\" keys: \"1, 2\" to \"1, 2, 3\"",
        );
        check(|app| drop(app.keys.remove(0)), "key.retire \"1\" keys: \"1, 2\" to \"2\"");
        check(
            |app| app.admins.push(UserId::new("bob").unwrap()),
            "admin.add \"bob\" admins: \"administrator\" to \"administrator, bob\"",
        );
        check(|app| app.admins.clear(), "admin.remove \"administrator\" admins: \"administrator\" to \"\"");
        check(
            |app| {
                app.admins.clear();
                app.keys.pop();
            },
            "app.change \"\" keys: \"1, 2\" to \"1\", admins: \"administrator\" to \"\"",
        );
        check(
            |app| app.keys[0].text = "secret".into(),
            "app.change \"\" keys: \"1, 2\" to \"1, 2 (another one)\"",
        );
        let named = app(|app| app.settings.name = "new".into());
        assert_eq!(act(None, &named), "app.create \"\" name: \"\" to \"new\"");
    }

    #[test]
    fn no_secret_comes_out() {
        let was = app(|app| {
            app.settings.webhooks.token = "hush".into();
            app.settings.webhooks.push_url = "https://ann:hush@example.org:8443/hook?key=hush#hush".into();
        });
        let now = app(|app| {
            app.settings.webhooks.token = "hush, hush".into();
            app.settings.webhooks.push_url = "https://ann:hush2@example.org:8443/hook?key=hush2".into();
        });
        let url = "https://…@example.org:8443/hook?…";
        assert_eq!(
            act(Some(&was), &now),
            format!(
                "app.change \"\" webhooks.push_url: \"{url}\" to \"{url} (another one)\", \
                 webhooks.token: \"(set)\" to \"(set) (another one)\""
            )
        );
        check(
            |app| app.settings.webhooks.token = "hush".into(),
            "app.change \"\" webhooks.token: \"\" to \"(set)\"",
        );
    }

    #[test]
    fn an_address_is_shown_without_user_and_query() {
        for (text, shown) in [
            ("", ""),
            ("http://127.0.0.1:8080/hook", "http://127.0.0.1:8080/hook"),
            ("https://example.org", "https://example.org"),
            ("https://a:b@example.org", "https://…@example.org"),
            ("https://a@b@example.org/c@d", "https://…@example.org/c@d"),
            ("https://example.org?a=b", "https://example.org?…"),
            ("https://example.org/x#y", "https://example.org/x?…"),
            ("https://example.org/?a=http://u:p@h/", "https://example.org/?…"),
        ] {
            assert_eq!(shown_url(text), shown, "{text}");
        }
    }

    #[test]
    fn what_is_called_a_secret_is_one() {
        for (path, value, shown) in [
            ("webhooks.token", Value::from("x"), "(set)"),
            ("jwt.secret_text", Value::from("x"), "(set)"),
            ("jwt.keys", serde_json::json!([{ "kid": "x" }]), "(set)"),
            ("jwt.keys", serde_json::json!([]), ""),
            ("tokens.lifetime_ms", Value::from(7), "7"),
        ] {
            assert_eq!(shown_value(path, &value), shown, "{path}");
        }
    }
}

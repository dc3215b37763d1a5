//! The flags for the settings of an app, and the settings as a table.

use crate::secret_arg::SecretReader;
use crate::time_text::{duration_text, parse_duration};
use anyhow::Context;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use lamplight_model::{AppSettings, Edition, MultiDeviceMode};
use std::time::Duration;

/// The settings of an app that an operator may change. A setting without a flag stays as it is.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "Settings")]
pub struct SettingsArgs {
    /// Name. For display only
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Edition. Only flagship allows users to query, subscribe to and unsubscribe from the status of others
    #[arg(long, value_name = "EDITION", value_parser = edition())]
    edition: Option<Edition>,
    /// User status query and change notification. Users can query the status of others, subscribe to it and
    /// get its changes
    #[arg(long, value_name = "on|off", value_parser = switch())]
    user_status: Option<bool>,
    /// Friend status notification. Mutual friends get each other's changes without subscribing
    #[arg(long, value_name = "on|off", value_parser = switch())]
    friend_notification: Option<bool>,
    /// Multi-device policy. Decides which devices of one account can be logged in at the same time; the
    /// newest login wins
    #[arg(long, value_name = "MODE", value_parser = mode())]
    multi_device: Option<MultiDeviceMode>,
    /// Web logins, 1 to 10. Browsers and tabs that one account may use at a time
    #[arg(long, value_name = "N")]
    web_instances: Option<u8>,
    /// Logins of each other platform, 1 to 3. Devices of one platform that one account may use at a time
    #[arg(long, value_name = "N")]
    native_instances: Option<u8>,
    /// Subscriptions of a user, 1 to 10000. When the list is full, the earliest subscribed user is evicted
    #[arg(long, value_name = "N")]
    subscriptions: Option<u16>,
    /// Users in one query, 1 to 10000. More are refused with 70206
    #[arg(long, value_name = "N")]
    query_batch: Option<u16>,
    /// Users in one subscribe, 1 to 10000. More are refused with 70206
    #[arg(long, value_name = "N")]
    subscribe_batch: Option<u16>,
    /// Users in one unsubscribe, 1 to 10000. More are refused with 70206
    #[arg(long, value_name = "N")]
    unsubscribe_batch: Option<u16>,
    /// Length of a custom status in bytes, 0 to 1000. In UTF-8; a Chinese character has three bytes
    #[arg(long, value_name = "N")]
    custom_status_bytes: Option<u16>,
    /// Calls of a client, 1 to 1000. Per user and operation in the window. More are refused with 7008
    #[arg(long, value_name = "N")]
    rate_calls: Option<u16>,
    /// Window of the calls of a client, 1ms to 1h
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    rate_window: Option<u32>,
    /// Heartbeat timeout of a native link, 1s to 1h. A link that sends nothing for this long is closed
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    heartbeat_timeout_native: Option<u32>,
    /// Heartbeat timeout of a Web link, 1s to 1h. A link that sends nothing for this long is closed
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    heartbeat_timeout_web: Option<u32>,
    /// Linger of a native connection, 0 to 10m. A broken connection counts as connected for this long, which
    /// hides a change of network
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    linger_native: Option<u32>,
    /// Linger of a Web connection, 0 to 10m. A broken connection counts as connected for this long, which hides
    /// a page reload
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    linger_web: Option<u32>,
    /// Login retention, 1m to 49d. A login without a connection ends after this time, and the user is shown as not
    /// logged in
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    login_retention: Option<u32>,
    /// Subscription retention, 0 to 49d. After this time without a connection, the subscription list is emptied
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    subscription_retention: Option<u32>,
    /// Friends of a user, 1 to 10000
    #[arg(long, value_name = "N")]
    friends: Option<u16>,
    /// Length of a message in bytes, 1 to 65535
    #[arg(long, value_name = "N")]
    message_bytes: Option<u16>,
    /// Days that messages are kept, 0 to 3650. 0 keeps them for ever
    #[arg(long, value_name = "N")]
    message_days: Option<u16>,
    /// Messages of a client, 1 to 10000. Per user in the window; marking conversations as read has the same limit.
    /// More are refused with 7008
    #[arg(long, value_name = "N")]
    message_rate_calls: Option<u16>,
    /// Window of the messages of a client, 1ms to 1h
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    message_rate_window: Option<u32>,
    /// Calls of the server API, 1 to 60000. Per command in the window. More are refused with 60007
    #[arg(long, value_name = "N")]
    api_rate_calls: Option<u16>,
    /// Window of the calls of the server API, 1ms to 1h
    #[arg(long, value_name = "TIME", value_parser = milliseconds)]
    api_rate_window: Option<u32>,
    /// URL for status changes. Receives State.StateChange at every login, logout, disconnect and change of a custom
    /// status. Empty: no webhook
    #[arg(long, value_name = "URL")]
    state_change_url: Option<String>,
    /// URL for offline messages. Receives each message to a user who is OFFLINE, so that the app can push it.
    /// Empty: no webhook
    #[arg(long, value_name = "URL")]
    push_url: Option<String>,
    /// Token. Signs every request: Sign = hex(sha256(Token + RequestTime)). It cannot be read back
    #[arg(long, value_name = "TOKEN|-", allow_hyphen_values = true)]
    webhook_token: Option<String>,
    /// JWKS of the identity provider. The server fetches keys for JWTs from this address and renews them. Empty: none
    #[arg(long, value_name = "URL")]
    jwks_url: Option<String>,
    /// Key file for JWTs. A JWKS or PEM in the folder jwks of the data folder, read again every five minutes. Empty:
    /// none
    #[arg(long, value_name = "NAME")]
    jwks_file: Option<String>,
    /// Public keys for JWTs. A JWKS, or public keys as PEM. Empty: none
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    jwt_keys: Option<String>,
    /// Secret for JWTs. Verifies HS256; at least 32 bytes. It cannot be read back. Empty: none
    #[arg(long, value_name = "TEXT|-", allow_hyphen_values = true)]
    jwt_secret: Option<String>,
    /// Issuer of JWTs. A JWT must have this iss. Empty: any
    #[arg(long, value_name = "TEXT")]
    jwt_issuer: Option<String>,
    /// Audience of JWTs. The aud of a JWT must contain it. Empty: the SDKAppID
    #[arg(long, value_name = "TEXT")]
    jwt_audience: Option<String>,
    /// Claim of the userID. The claim of a JWT that holds the userID; sub is the usual one
    #[arg(long, value_name = "NAME")]
    jwt_user_claim: Option<String>,
    /// Leeway for JWTs in seconds, 0 to 300. The clocks of identity provider and server may differ by this much
    #[arg(long, value_name = "N")]
    jwt_leeway: Option<u16>,
}

impl SettingsArgs {
    /// Reads each secret whose value is `-` from stdin. Call this before [`SettingsArgs::apply`].
    pub fn read_secrets(&mut self, secrets: &mut SecretReader) -> anyhow::Result<()> {
        secrets.read_in_place("--webhook-token", &mut self.webhook_token)?;
        secrets.read_in_place("--jwt-keys", &mut self.jwt_keys)?;
        secrets.read_in_place("--jwt-secret", &mut self.jwt_secret)
    }

    /// Changes the settings for which a flag is given, and checks their bounds.
    pub fn apply(&self, settings: &mut AppSettings) -> anyhow::Result<()> {
        fn set<T: Clone>(setting: &mut T, given: Option<&T>) {
            if let Some(given) = given {
                setting.clone_from(given);
            }
        }
        set(&mut settings.name, self.name.as_ref());
        set(&mut settings.edition, self.edition.as_ref());
        set(&mut settings.switches.user_status, self.user_status.as_ref());
        set(&mut settings.switches.friend_notification, self.friend_notification.as_ref());
        set(&mut settings.multi_device.mode, self.multi_device.as_ref());
        set(&mut settings.multi_device.web_instances, self.web_instances.as_ref());
        set(&mut settings.multi_device.native_instances, self.native_instances.as_ref());
        let limits = &mut settings.limits;
        set(&mut limits.subscriptions, self.subscriptions.as_ref());
        set(&mut limits.query_batch, self.query_batch.as_ref());
        set(&mut limits.subscribe_batch, self.subscribe_batch.as_ref());
        set(&mut limits.unsubscribe_batch, self.unsubscribe_batch.as_ref());
        set(&mut limits.custom_status_bytes, self.custom_status_bytes.as_ref());
        set(&mut limits.rate.calls, self.rate_calls.as_ref());
        set(&mut limits.rate.window_ms, self.rate_window.as_ref());
        set(&mut limits.friends, self.friends.as_ref());
        set(&mut limits.message_bytes, self.message_bytes.as_ref());
        set(&mut limits.message_rate.calls, self.message_rate_calls.as_ref());
        set(&mut limits.message_rate.window_ms, self.message_rate_window.as_ref());
        set(&mut limits.api_rate.calls, self.api_rate_calls.as_ref());
        set(&mut limits.api_rate.window_ms, self.api_rate_window.as_ref());
        let webhooks = &mut settings.webhooks;
        set(&mut webhooks.state_change_url, self.state_change_url.as_ref());
        set(&mut webhooks.push_url, self.push_url.as_ref());
        set(&mut webhooks.token, self.webhook_token.as_ref());
        let jwt = &mut settings.jwt;
        set(&mut jwt.jwks_url, self.jwks_url.as_ref());
        set(&mut jwt.jwks_file, self.jwks_file.as_ref());
        set(&mut jwt.keys, self.jwt_keys.as_ref());
        set(&mut jwt.secret, self.jwt_secret.as_ref());
        set(&mut jwt.issuer, self.jwt_issuer.as_ref());
        set(&mut jwt.audience, self.jwt_audience.as_ref());
        set(&mut jwt.user_claim, self.jwt_user_claim.as_ref());
        set(&mut jwt.leeway_s, self.jwt_leeway.as_ref());
        let timing = &mut settings.timing;
        set(&mut timing.message_retention_days, self.message_days.as_ref());
        set(&mut timing.heartbeat_timeout_native_ms, self.heartbeat_timeout_native.as_ref());
        set(&mut timing.heartbeat_timeout_web_ms, self.heartbeat_timeout_web.as_ref());
        set(&mut timing.linger_native_ms, self.linger_native.as_ref());
        set(&mut timing.linger_web_ms, self.linger_web.as_ref());
        set(&mut timing.login_retention_ms, self.login_retention.as_ref());
        set(&mut timing.subscription_retention_ms, self.subscription_retention.as_ref());
        settings.validate().context("the settings were not changed")
    }
}

/// Returns the settings as rows of name and value. A name is the name of the flag, without the dashes.
pub fn rows(settings: &AppSettings) -> Vec<Vec<String>> {
    let AppSettings { name, edition, switches, multi_device, limits, timing, webhooks, jwt } = settings;
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    let time = |milliseconds: u32| duration_text(milliseconds.into());
    let rows = [
        ("name", name.clone()),
        ("edition", edition_name(*edition).to_owned()),
        ("user-status", on(switches.user_status)),
        ("friend-notification", on(switches.friend_notification)),
        ("multi-device", mode_name(multi_device.mode).to_owned()),
        ("web-instances", multi_device.web_instances.to_string()),
        ("native-instances", multi_device.native_instances.to_string()),
        ("subscriptions", limits.subscriptions.to_string()),
        ("query-batch", limits.query_batch.to_string()),
        ("subscribe-batch", limits.subscribe_batch.to_string()),
        ("unsubscribe-batch", limits.unsubscribe_batch.to_string()),
        ("custom-status-bytes", limits.custom_status_bytes.to_string()),
        ("rate-calls", limits.rate.calls.to_string()),
        ("rate-window", time(limits.rate.window_ms)),
        ("heartbeat-timeout-native", time(timing.heartbeat_timeout_native_ms)),
        ("heartbeat-timeout-web", time(timing.heartbeat_timeout_web_ms)),
        ("linger-native", time(timing.linger_native_ms)),
        ("linger-web", time(timing.linger_web_ms)),
        ("login-retention", time(timing.login_retention_ms)),
        ("subscription-retention", time(timing.subscription_retention_ms)),
        ("friends", limits.friends.to_string()),
        ("message-bytes", limits.message_bytes.to_string()),
        ("message-days", timing.message_retention_days.to_string()),
        ("message-rate-calls", limits.message_rate.calls.to_string()),
        ("message-rate-window", time(limits.message_rate.window_ms)),
        ("api-rate-calls", limits.api_rate.calls.to_string()),
        ("api-rate-window", time(limits.api_rate.window_ms)),
        ("state-change-url", webhooks.state_change_url.clone()),
        ("push-url", webhooks.push_url.clone()),
        // A secret is not shown, because others may see the screen.
        ("webhook-token", if webhooks.token.is_empty() { "" } else { "(set)" }.to_owned()),
        ("jwks-url", jwt.jwks_url.clone()),
        ("jwks-file", jwt.jwks_file.clone()),
        // The keys are long, and their text does not help the reader.
        ("jwt-keys", if jwt.keys.is_empty() { "" } else { "(set)" }.to_owned()),
        ("jwt-secret", if jwt.secret.is_empty() { "" } else { "(set)" }.to_owned()),
        ("jwt-issuer", jwt.issuer.clone()),
        ("jwt-audience", jwt.audience.clone()),
        ("jwt-user-claim", jwt.user_claim.clone()),
        ("jwt-leeway", jwt.leeway_s.to_string()),
    ];
    rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect()
}

/// Returns the name of an edition as the flag accepts it.
pub fn edition_name(edition: Edition) -> &'static str {
    match edition {
        Edition::Trial => "trial",
        Edition::Standard => "standard",
        Edition::Flagship => "flagship",
    }
}

fn mode_name(mode: MultiDeviceMode) -> &'static str {
    match mode {
        MultiDeviceMode::Single => "single",
        MultiDeviceMode::Dual => "dual",
        MultiDeviceMode::Triple => "triple",
        MultiDeviceMode::Multi => "multi",
    }
}

fn edition() -> impl TypedValueParser<Value = Edition> {
    let all = [Edition::Trial, Edition::Standard, Edition::Flagship].map(edition_name);
    PossibleValuesParser::new(all).try_map(|text| text.parse::<Edition>())
}

fn mode() -> impl TypedValueParser<Value = MultiDeviceMode> {
    use MultiDeviceMode::{Dual, Multi, Single, Triple};
    let all = [Single, Dual, Triple, Multi].map(mode_name);
    PossibleValuesParser::new(all).try_map(|text| text.parse::<MultiDeviceMode>())
}

fn switch() -> impl TypedValueParser<Value = bool> {
    PossibleValuesParser::new(["on", "off"]).map(|text| text == "on")
}

fn milliseconds(text: &str) -> Result<u32, String> {
    let duration: Duration = parse_duration(text)?;
    u32::try_from(duration.as_millis()).map_err(|_| "at most 49d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser};
    use serde_json::Value;

    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        settings: SettingsArgs,
    }

    fn leaves(value: &Value, path: &str, all: &mut Vec<(String, Value)>) {
        let Value::Object(fields) = value else { return all.push((path.to_owned(), value.clone())) };
        for (name, field) in fields {
            leaves(field, &format!("{path}.{name}"), all);
        }
    }

    fn flat(settings: &AppSettings) -> Vec<(String, Value)> {
        let mut all = Vec::new();
        leaves(&serde_json::to_value(settings).unwrap(), "", &mut all);
        all
    }

    /// Fails if a setting was added to the model without a flag.
    #[test]
    fn every_setting_of_an_app_has_a_flag() {
        let command = Flags::command();
        let mut words = vec!["flags".to_owned()];
        for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
            let value = match argument.get_id().as_str() {
                "name" => "another",
                "edition" => "trial",
                "user_status" => "off",
                "friend_notification" => "on",
                "multi_device" => "dual",
                time if ["window", "timeout", "linger", "retention"]
                    .iter()
                    .any(|word| time.contains(word)) =>
                {
                    "77s"
                }
                _ => "3",
            };
            words.extend([format!("--{}", argument.get_long().unwrap()), value.to_owned()]);
        }
        let mut settings = AppSettings::default();
        Flags::parse_from(&words).settings.apply(&mut settings).unwrap();
        let unchanged: Vec<_> = flat(&AppSettings::default())
            .into_iter()
            .filter(|leaf| flat(&settings).contains(leaf))
            .map(|(path, _)| path)
            .collect();
        assert!(unchanged.is_empty(), "no flag changes {unchanged:?}");
        assert_eq!(flat(&settings).len(), rows(&settings).len(), "every setting is shown");
        for (row, word) in rows(&settings).iter().zip(words[1..].chunks(2)) {
            assert_eq!(format!("--{}", row[0]), word[0], "shown in the order and by the name of the flags");
        }
    }

    /// Checks that the console and the help have the same name and text for each setting.
    #[test]
    fn the_console_says_the_same_of_every_setting() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let words = folder.join("../../web/packages/console/src/words/settings.json");
        let words: Value = serde_json::from_str(&std::fs::read_to_string(words).unwrap()).unwrap();
        let words = words.as_object().unwrap();
        let bounds: std::collections::BTreeMap<_, _> =
            AppSettings::bounds().map(|(setting, least, most)| (setting, (least, most))).collect();
        let command = Flags::command();
        let mut said = 0;
        for argument in command.get_arguments().filter(|argument| argument.get_id() != "help") {
            let flag = argument.get_long().unwrap();
            let (path, word) = words.iter().find(|(_, word)| word["flag"] == flag).expect(flag);
            let bound = match (flag, bounds.get(path.as_str())) {
                // The help has no bounds for long texts. A duration is in its longest unit, rounded down.
                ("name" | "webhook-token", _) | (_, None) => String::new(),
                (_, Some((least, most))) if path.ends_with("_ms") => {
                    format!(", {} to {}", bound_text(*least), bound_text(*most))
                }
                (_, Some((least, most))) => format!(", {least} to {most}"),
            };
            let text = |name: &str| word[name].as_str().unwrap_or_default().to_owned();
            let (name, text) = (text("name"), text("text"));
            let more = if text.is_empty() { text } else { format!(". {}", text.trim_end_matches('.')) };
            assert_eq!(argument.get_help().unwrap().to_string(), format!("{name}{bound}{more}"), "--{flag}");
            said += 1;
        }
        assert_eq!(said, words.len(), "each text has a flag");
        let shown: Vec<_> = flat(&AppSettings::default())
            .into_iter()
            .map(|(path, _)| path.trim_start_matches('.').to_owned())
            .collect();
        assert!(words.keys().all(|path| shown.contains(path)), "each text belongs to a setting");
    }

    /// Returns a bound in its longest unit, rounded down.
    fn bound_text(milliseconds: u64) -> String {
        let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        let unit = units.iter().find(|(size, _)| milliseconds >= *size);
        match unit {
            _ if milliseconds == 0 => "0".to_owned(),
            Some((size, name)) => format!("{}{name}", milliseconds / size),
            None => format!("{milliseconds}ms"),
        }
    }

    #[test]
    fn a_setting_outside_its_bounds_is_named() {
        let flags = Flags::parse_from(["flags", "--web-instances", "11"]);
        let error = flags.settings.apply(&mut AppSettings::default()).unwrap_err();
        assert!(
            format!("{error:#}").contains("multi_device.web_instances must be from 1 to 10"),
            "{error:#}"
        );
    }
}

//! The settings of an app as the console and the command line show them. In place of a secret, a flag says whether the
//! secret is set.

use lamplight_model::{
    AppSettings, Edition, JwtSettings, Limits, MultiDevicePolicy, Switches, Timing, WebhookSettings,
};
use serde::Serialize;

/// The settings of an app without its secrets.
#[derive(Serialize, Debug)]
pub struct ShownSettings {
    name: String,
    edition: Edition,
    switches: Switches,
    multi_device: MultiDevicePolicy,
    limits: Limits,
    timing: Timing,
    webhooks: ShownWebhooks,
    jwt: ShownJwt,
}

#[derive(Serialize, Debug)]
struct ShownWebhooks {
    state_change_url: String,
    push_url: String,
    token_set: bool,
}

#[derive(Serialize, Debug)]
struct ShownJwt {
    jwks_url: String,
    jwks_file: String,
    keys: String,
    secret_set: bool,
    issuer: String,
    audience: String,
    user_claim: String,
    leeway_s: u16,
}

impl ShownSettings {
    /// Returns the URLs in the settings. A user name, password or query in these URLs may be secret.
    pub(crate) fn addresses(&mut self) -> [&mut String; 3] {
        [&mut self.webhooks.state_change_url, &mut self.webhooks.push_url, &mut self.jwt.jwks_url]
    }
}

impl From<&AppSettings> for ShownSettings {
    /// Lists every field, so that a new field must be shown or left out on purpose.
    fn from(settings: &AppSettings) -> Self {
        let AppSettings { name, edition, switches, multi_device, limits, timing, webhooks, jwt } = settings;
        let WebhookSettings { state_change_url, push_url, token } = webhooks;
        let JwtSettings { jwks_url, jwks_file, keys, secret, issuer, audience, user_claim, leeway_s } = jwt;
        Self {
            name: name.clone(),
            edition: *edition,
            switches: *switches,
            multi_device: *multi_device,
            limits: *limits,
            timing: *timing,
            webhooks: ShownWebhooks {
                state_change_url: state_change_url.clone(),
                push_url: push_url.clone(),
                token_set: !token.is_empty(),
            },
            jwt: ShownJwt {
                jwks_url: jwks_url.clone(),
                jwks_file: jwks_file.clone(),
                keys: keys.clone(),
                secret_set: !secret.is_empty(),
                issuer: issuer.clone(),
                audience: audience.clone(),
                user_claim: user_claim.clone(),
                leeway_s: *leeway_s,
            },
        }
    }
}
